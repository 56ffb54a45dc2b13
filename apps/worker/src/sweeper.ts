/** Once a second: opens lanes of new products, wakes lanes with something overdue, carries waiting payments to theirs, and ends those whose order never came. */
import {
  CANARY_LANE,
  type CommandBatch,
  EXPIRY_GRACE_MS,
  formatId,
  laneOf,
  type Layout,
  type PaymentEvent,
  type RecordPayment,
} from '@flashlane/core'
import type { Unclaimed, WaitingEvent } from '@flashlane/db'
import type { Failpoints } from '@flashlane/failpoints'
import type { Draw } from './draw.ts'
import { makeExpiryBatch } from './expiry-jobs.ts'
import type { Lanes } from './lanes.ts'
import type { Mysql } from './mysql.ts'

const SWEEP_MS = 1_000
/** No transaction that makes a product takes as long. */
const SETTLED_MS = 60_000
const WAITING_EVENTS_MAX = 200

type Deps = {
  readonly mysql: Pick<
    Mysql,
    | 'readClockMs'
    | 'productIdsAfter'
    | 'productsWithDue'
    | 'takeWaitingEvents'
    | 'parkedBefore'
    | 'endUnclaimed'
  >
  readonly lanes: Pick<Lanes, 'open' | 'reassert'>
  readonly layout: Layout
  readonly draw: Draw
  /** How long a payment event waits for its order. */
  readonly parkedTtlMs: number
  readonly onUnclaimed: (ended: Unclaimed) => void
  readonly onFault: (error: unknown) => void
  readonly failpoints?: Failpoints
}

export type Sweeper = {
  /** Looks for new products at once; called when one is told of. */
  openLanes(): Promise<void>
  /** All that it does each second, at once. */
  sweep(): Promise<void>
  start(): void
  stop(): Promise<void>
}

export function createSweeper(deps: Deps): Sweeper {
  const { mysql, lanes, layout, draw, parkedTtlMs, onUnclaimed, onFault } = deps
  /** Products up to here are known for good: ids are given before they are committed, so that a lower one may come later. */
  let settledId = 0
  let newest = { productId: 0, sinceMs: performance.now() }
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  async function openLanes(): Promise<void> {
    lanes.open(CANARY_LANE)
    const productIds = await mysql.productIdsAfter(settledId)
    for (const productId of productIds) lanes.open(laneOf(productId, layout))
    const nowMs = performance.now()
    if (nowMs - newest.sinceMs < SETTLED_MS) return
    settledId = newest.productId
    newest = { productId: productIds.at(-1) ?? settledId, sinceMs: nowMs }
  }

  async function wakeOverdue(nowMs: number): Promise<void> {
    const productIds = await mysql.productsWithDue(nowMs - EXPIRY_GRACE_MS)
    const names = [...new Set(productIds.map((productId) => laneOf(productId, layout)))]
    // One of them waits at most: while it does, BullMQ ignores its id. A lane whose server is away keeps no other back.
    const wake = (name: string) => {
      const batch = makeExpiryBatch(draw, { cutoffMs: nowMs, madeAtMs: nowMs })
      return lanes.open(name).add({ id: `sweep_${name}`, batch })
    }
    await Promise.all(names.map(wake))
  }

  async function carryWaiting(nowMs: number): Promise<void> {
    const waiting = await mysql.takeWaitingEvents({ nowMs, limit: WAITING_EVENTS_MAX })
    deps.failpoints?.['sweeper.middle']?.()
    const beforeMs = nowMs - parkedTtlMs
    for (const { event, productId } of waiting) {
      if (productId === null) await end(event, { beforeMs, nowMs })
    }
    const commands = waiting.flatMap((each) => commandOf(each, draw(nowMs)) ?? [])
    const byLane = Map.groupBy(commands, ({ productId }) => laneOf(productId, layout))
    const carry = async ([name, own]: [string, RecordPayment[]]) => {
      const batchId = draw(nowMs)
      const batch: CommandBatch = {
        format: 1,
        kind: 'commands',
        batchId,
        madeAtMs: nowMs,
        replyTo: null,
        commands: own,
      }
      await lanes.open(name).add({ id: batchId, batch })
    }
    await Promise.all([...byLane].map(carry))
  }

  async function endOrphans(nowMs: number): Promise<void> {
    const beforeMs = nowMs - parkedTtlMs
    const parked = await mysql.parkedBefore({ beforeMs, limit: WAITING_EVENTS_MAX })
    for (const key of parked) await end(key, { beforeMs, nowMs })
  }

  async function end(
    key: Pick<PaymentEvent, 'provider' | 'eventKey'>,
    time: { beforeMs: number; nowMs: number },
  ): Promise<void> {
    const ended = await mysql.endUnclaimed(key, time)
    if (ended) onUnclaimed(ended)
  }

  async function sweep(): Promise<void> {
    const steps = [
      openLanes,
      lanes.reassert,
      async () => wakeOverdue(await mysql.readClockMs()),
      async () => carryWaiting(await mysql.readClockMs()),
      async () => endOrphans(await mysql.readClockMs()),
    ]
    // Each on its own: a Redis that is away keeps nobody from looking for new products.
    for (const step of steps) {
      await step().catch(onFault)
    }
  }

  function tick(): void {
    running = sweep().then(() => {
      if (!stopped) timer = setTimeout(tick, SWEEP_MS)
    })
  }

  return {
    openLanes,
    sweep,
    start: tick,
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      await running
    },
  }
}

/** The command that applies a waiting event; none while nobody knows its order. The raw body stays in the event's row. */
function commandOf({ event, orderId, productId }: WaitingEvent, x: string): RecordPayment | null {
  if (productId === null) return null
  const { state: _state, result: _result, appliedAtMs: _applied, ...told } = event
  return {
    ...told,
    type: 'RecordPayment',
    commandId: formatId('cmd', productId, x),
    productId,
    orderId,
    payload: '',
  }
}
