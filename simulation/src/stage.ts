/** A whole Flashlane: servers, api and worker processes, and whoever restarts what has ended. */
import {
  type Batch,
  decideInto,
  emptyState,
  eventId,
  type Layout,
  type PaymentEvent,
  type RecordPayment,
} from '@flashlane/core'
import { PRICE } from '@flashlane/core/builders.ts'
import { entryOf, type JournalRow } from '@flashlane/db'
import { type ApiProcess, startApi } from './api.ts'
import { createMysqlServer, type MysqlServer } from './mysql/server.ts'
import { createRedisServer } from './redis/server.ts'
import { startWorker, type WorkerProcess } from './worker.ts'
import type { World } from './world.ts'

export type Stage = ReturnType<typeof createStage>

/** When things became durable that a client was promised, by the database's clock. */
export type Arrivals = {
  /** Batches by command, at their first time in a lane. */
  readonly inLaneMs: Map<string, number>
  /** Payment events, in a lane or in the inbox, with the acceptance that they tell. */
  readonly eventsMs: Map<string, number>
  /** Those in the inbox, which Redis cannot lose. */
  readonly inInboxMs: Map<string, number>
  /** Of a journal's entry, its commit. */
  readonly committedMs: Map<string, number>
}

type Sizes = {
  readonly apis: number
  readonly workers: number
  readonly stock: readonly number[]
  readonly layout: Layout
}

export function createStage(
  world: World,
  { apis: apiCount, workers: workerCount, stock, layout }: Sizes,
) {
  const mysql = createMysqlServer(world)
  const redis = createRedisServer(world)
  const productIds = stock.map((_, n) => n + 1)
  productIds.forEach((productId, n) =>
    makeProduct(world, mysql, { productId, stock: stock[n] ?? 0 }),
  )
  const arrivals: Arrivals = {
    inLaneMs: new Map(),
    eventsMs: new Map(),
    inInboxMs: new Map(),
    committedMs: new Map(),
  }
  let started = 0

  function onAdded(batch: Batch): void {
    if (batch.kind !== 'commands') return
    for (const command of batch.commands) {
      note(arrivals.inLaneMs, command.commandId)
      if (command.type === 'RecordPayment') note(arrivals.eventsMs, hearingOf(command))
    }
  }
  function onKept(event: RecordPayment): void {
    note(arrivals.eventsMs, hearingOf(event))
    note(arrivals.inInboxMs, hearingOf(event))
  }
  const note = (into: Map<string, number>, key: string): void => {
    if (!into.has(key)) into.set(key, world.databaseMs())
  }

  function onCommit(rows: readonly JournalRow[]): void {
    for (const row of rows) note(arrivals.committedMs, `${row.product_id} ${row.seq}`)
  }

  const base = { world, mysql, redis, layout, productIds, onAdded, onCommit, onKept }
  const apis: (ApiProcess | null)[] = []
  const workers: (WorkerProcess | null)[] = []
  const everyApi: ApiProcess[] = []

  const isGone = (each: ApiProcess | WorkerProcess | null | undefined): boolean =>
    !each || each.process.state() === 'dead'

  function restart(): void {
    for (let n = 0; n < apiCount; n++) {
      if (!isGone(apis[n])) continue
      const api = startApi(base, `api${n + 1}.${++started}`)
      apis[n] = api
      everyApi.push(api)
    }
    for (let n = 0; n < workerCount; n++) {
      if (isGone(workers[n])) workers[n] = startWorker(base, `work${n + 1}.${++started}`)
    }
  }
  restart()

  return {
    mysql,
    redis,
    productIds,
    arrivals,
    apis,
    workers,
    everyApi,
    /** Starts what is not there. */
    restart,
    heal(): void {
      mysql.heal()
      redis.heal()
      for (const each of [...apis, ...workers]) {
        each?.process.thaw()
        if (each?.isClosing()) each.process.kill()
      }
      restart()
    },
  }
}

/** An event, as one process heard it once. */
export const hearingOf = (event: PaymentEvent | RecordPayment): string =>
  `${eventId(event)} ${event.acceptedAtMs}`

/** As the api makes one: the row, and the journal's first entry. */
function makeProduct(
  world: World,
  { tables }: MysqlServer,
  { productId, stock }: { productId: number; stock: number },
): void {
  const nowMs = world.databaseMs()
  const state = emptyState()
  const batchId = world.draw()
  const decided = decideInto(
    state,
    {
      type: 'CreateProduct',
      commandId: `cmd_${productId}_${batchId}`,
      productId,
      acceptedAtMs: nowMs,
      name: 'A lamp',
      description: '',
      image: null,
      price: PRICE,
      currency: 'USD',
      saleStartsAtMs: null,
      saleEndsAtMs: null,
      maxPerHold: null,
      maxPerCustomer: null,
      isPaused: false,
      stockTotal: stock,
    },
    nowMs,
  )
  const product = state.products.get(productId)
  if (!product) throw new Error('a product was not made')
  const head = { productId, seq: product.version, batchId, appliedAtMs: nowMs }
  const { body, ...entry } = entryOf(head, [{ n: 0, decided }])
  tables.products.rows.set(String(productId), product)
  tables.journal.rows.set(`${productId} ${product.version}`, { ...entry, body: body.json })
}
