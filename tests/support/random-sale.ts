/** A random sale, applied to a real database as workers and the sweeper would, by a clock of its own. */
import { aChangeProduct, anAdjustStock, anId, START_MS } from '@flashlane/core/builders.ts'
import { makeCommands, PRODUCT_IDS } from '@flashlane/core/random/commands.ts'
import { type Step, step } from '@flashlane/core/random/steps.ts'
import {
  type Command,
  drawX,
  emptyState,
  eventId,
  evolve,
  know,
  type PaymentEvent,
  type State,
} from '@flashlane/core'
import {
  connect,
  type Database,
  endUnclaimed,
  findProduct,
  insertWaitingEvent,
} from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { aProduct } from './commands.ts'
import type { TestDatabase } from './database.ts'

const log = pino({ level: 'silent' })

const RESTOCK_EACH = 40
const OPEN = {
  isPaused: false,
  saleStartsAtMs: null,
  saleEndsAtMs: null,
  maxPerHold: null,
  maxPerCustomer: null,
}

type Options = {
  readonly steps: number
  readonly seed: number
  /** Called now and then, between two batches, with the sale's time. */
  meanwhile?(nowMs: number): Promise<void>
}

/** Two scarce products; tells how many commands were applied. */
export async function sellAtRandom(
  testDatabase: TestDatabase,
  { steps, seed, meanwhile }: Options,
): Promise<number> {
  // One connection, so that its clock can be set.
  const database = connect({ url: testDatabase.url, poolSize: 1, multipleStatements: true })
  try {
    const state = await openShop(database)
    const commandOf = makeCommands(state)
    let nowMs = START_MS
    let batch: Command[] = []
    let applied = 0

    const applyAll = async () => {
      if (batch.length === 0) return
      const batchId = drawX(nowMs, randomBytes(10))
      const { decided } = await applyBatch(createStore(database, log), { batchId, commands: batch })
      for (const { changes } of decided) evolve(state, changes)
      applied += batch.length
      batch = []
    }

    for (const [n, each] of fc.sample(step, { numRuns: steps, seed }).entries()) {
      if (n % RESTOCK_EACH === 0) {
        await applyAll()
        await meanwhile?.(nowMs)
        batch.push(...PRODUCT_IDS.flatMap((id) => restock(id, n, nowMs)))
      }
      if (!each.joinsBatch) {
        await applyAll()
        nowMs += each.afterMs
        await setClock(database, nowMs - each.backMs)
      }
      const known = new Map(state.events)
      const command = commandOf(withNewNames(each.what, n), nowMs - each.agoMs)
      await besideTheLane(database, state, { known, nowMs })
      if (command) batch.push(command)
    }
    await applyAll()
    return applied
  } finally {
    await database.close()
  }
}

async function openShop(database: Database): Promise<State> {
  const state = emptyState()
  await setClock(database, START_MS)
  for (const productId of PRODUCT_IDS) {
    await sql`alter table products auto_increment = ${sql.lit(productId)}`.execute(database.db)
    const made = await aProduct(database, { stock: productId - 4, price: 50 })
    const product = await findProduct(database, made)
    if (product?.productId !== productId) throw new Error('a product has another id than asked for')
    know(state, { entity: 'product', after: product })
  }
  return state
}

/** Steps know sixteen payment references, of which each pays one order only. */
function withNewNames(what: Step['what'], n: number): Step['what'] {
  if ((what.act !== 'order' && what.act !== 'payment') || typeof what.reference !== 'number') {
    return what
  }
  return { ...what, reference: what.reference + 16 * Math.floor(n / RESTOCK_EACH) }
}

/** Else a long sale would soon have nothing left, or stand still. */
const restock = (productId: number, n: number, acceptedAtMs: number): Command[] => {
  const head = (number: number) => ({
    productId,
    acceptedAtMs,
    commandId: anId('cmd', 9_000_000 + number, productId),
  })
  return [anAdjustStock({ delta: 3 }, head(2 * n)), aChangeProduct(OPEN, head(2 * n + 1))]
}

const setClock = async ({ db }: Database, nowMs: number): Promise<void> => {
  await sql`set timestamp = ${sql.lit(nowMs / 1_000)}`.execute(db)
}

/** What the step did to payment events without a lane: the api's inbox, and the end of one that no order claimed. */
async function besideTheLane(
  database: Database,
  state: State,
  { known, nowMs }: { known: ReadonlyMap<string, PaymentEvent>; nowMs: number },
): Promise<void> {
  for (const [id, event] of state.events) {
    if (known.get(id) === event) continue
    if (event.state === 'waiting') {
      const command = { ...event, payload: '' } as unknown as Parameters<
        typeof insertWaitingEvent
      >[1]
      await insertWaitingEvent(database, command, nowMs)
    } else if (known.has(id)) {
      const atMs = Math.max(nowMs, event.acceptedAtMs)
      const ended = await endUnclaimed(database, event, { beforeMs: atMs, nowMs: atMs })
      if (!ended) throw new Error(`nothing ended the event ${eventId(event)}`)
    }
  }
}
