import {
  type Command,
  type CommandBatch,
  formatId,
  type Outcome,
  packReply,
  REDIS_COMMAND_MS_MAX,
} from '@flashlane/core'
import { expect, test } from 'vitest'
import type { AddResult } from '../lanes.ts'
import { createDispatcher, type DispatcherDeps } from './dispatcher.ts'
import { createManualTimers } from './manual-timers.ts'
import type { Answer } from './waiter.ts'

const WAIT_MS = 5_000

let drawn = 0
const draw = (): string => String(++drawn).padStart(26, '0')

function aHold(productId = 1): Command {
  const x = draw()
  return {
    type: 'PlaceHold',
    commandId: formatId('cmd', productId, x),
    holdId: formatId('hold', productId, x),
    productId,
    acceptedAtMs: 1,
    quantity: 1,
    ttlMs: 1_000,
    customerRef: null,
  }
}

const aCancel = (productId = 1): Command => ({
  type: 'CancelOrder',
  commandId: formatId('cmd', productId, draw()),
  orderId: formatId('ord', productId, draw()),
  productId,
  acceptedAtMs: 1,
})

const refused: Outcome = {
  outcome: 'refused',
  reason: 'insufficient_stock',
  facts: {},
  version: 1,
}
const outcomesOf = (batch: CommandBatch): Outcome[] => batch.commands.map(() => refused)

/** A dispatcher over a Redis, a worker and a journal that do what the test says. */
function aDispatcher(made: Partial<DispatcherDeps> = {}) {
  const timers = createManualTimers()
  const sent: CommandBatch[] = []
  const jobs = new Set<string>()
  const journal = new Map<string, readonly Outcome[]>()
  const announced: number[] = []
  const refreshed: number[] = []
  const redis = { result: 'acknowledged' as AddResult, acknowledge: null as (() => void) | null }
  const dispatcher = createDispatcher({
    async addBatch(_lane, batch) {
      sent.push(batch)
      if (redis.acknowledge !== null) {
        await new Promise<void>((resolve) => {
          redis.acknowledge = resolve
        })
      }
      if (redis.result === 'acknowledged') jobs.add(batch.batchId)
      return redis.result
    },
    hasJob: async (_lane, batchId) => jobs.has(batchId),
    findBatches: async (ids) => new Map([...journal].filter(([id]) => ids.includes(id))),
    refreshSnapshots: async (ids) => void refreshed.push(...ids),
    announce: (productId) => void announced.push(productId),
    laneOf: (productId) => `p${productId}`,
    drawBatchId: draw,
    nowMs: () => 1_000_000 + timers.monotonicMs(),
    timers,
    processId: 'api',
    batchMax: 256,
    onFault: () => {},
    ...made,
  })

  return {
    ...dispatcher,
    timers,
    sent,
    jobs,
    journal,
    announced,
    refreshed,
    redis,
    sizes: () => sent.map((batch) => batch.commands.length),
    /** The worker applies a batch, and tells. */
    reply(index: number, depth = 0): void {
      const batch = sent[index] as CommandBatch
      jobs.delete(batch.batchId)
      dispatcher.heard(packReply({ ...batch, outcomes: outcomesOf(batch), depth }))
    },
    /** The worker applies a batch, and its reply is lost. */
    applySilently(index: number): void {
      const batch = sent[index] as CommandBatch
      jobs.delete(batch.batchId)
      journal.set(batch.batchId, outcomesOf(batch))
    },
    submitMany: (count: number, productId = 1): Promise<Answer[]> =>
      Promise.all(
        Array.from({ length: count }, () => dispatcher.submit(aHold(productId), WAIT_MS)),
      ),
  }
}

test('a lone command is sent at once, and told what became of it', async () => {
  const it = aDispatcher()

  const answer = it.submit(aHold(), WAIT_MS)
  await it.timers.settle()
  it.reply(0)

  expect(await answer).toEqual({ kind: 'applied', outcome: refused })
  expect([it.waiting(), it.inFlight()]).toEqual([0, 0])
})

test('commands of one turn of the event loop share a batch, in their order', async () => {
  const it = aDispatcher()
  const commands = [aHold(), aHold(), aHold()]

  for (const command of commands) void it.submit(command, WAIT_MS)
  await it.timers.settle()

  expect(it.sent.map((batch) => batch.commands)).toEqual([commands])
})

test('while two batches of a lane are in flight, commands gather for the next', async () => {
  const it = aDispatcher()
  for (let i = 0; i < 5; i++) {
    void it.submitMany(5)
    await it.timers.settle()
  }
  expect(it.sizes()).toEqual([5, 5])

  it.reply(0)
  await it.timers.settle()

  expect(it.sizes()).toEqual([5, 5, 15])
})

test('while one batch is in flight, the next goes when it is nearly as large, or when the lane is free', async () => {
  const it = aDispatcher()
  void it.submitMany(12)
  await it.timers.settle()

  void it.submitMany(8)
  await it.timers.settle()
  expect(it.sizes()).toEqual([12])

  void it.submitMany(1)
  await it.timers.settle()
  expect(it.sizes()).toEqual([12, 9])

  void it.submitMany(3)
  it.reply(0)
  await it.timers.settle()
  expect(it.sizes()).toEqual([12, 9])

  it.reply(1)
  await it.timers.settle()
  expect(it.sizes()).toEqual([12, 9, 3])
})

test('many commands go in halves, few in one batch', async () => {
  const [few, many] = [aDispatcher(), aDispatcher()]

  void few.submitMany(31)
  void many.submitMany(101)
  await few.timers.settle()
  await many.timers.settle()

  expect(few.sizes()).toEqual([31])
  expect(many.sizes()).toEqual([51, 50])
})

test('a batch takes no more commands and bytes than it may', async () => {
  const it = aDispatcher({ batchMax: 4 })
  const payment = { ...aCancel(), type: 'RecordPayment', payload: 'x'.repeat(150_000) }

  void it.submitMany(6)
  for (let i = 0; i < 4; i++) void it.submit(payment as unknown as Command, WAIT_MS)
  await it.timers.advance(300)

  expect(it.sizes()).toEqual([4, 4, 2])
})

test('what has waited for half of its time goes past the limits', async () => {
  const it = aDispatcher()
  void it.submitMany(1)
  await it.timers.settle()
  void it.submitMany(1)
  await it.timers.settle()
  void it.submitMany(600)

  await it.timers.advance(240)
  expect(it.sizes()).toEqual([1, 1])

  await it.timers.advance(60)
  expect(it.sizes()).toEqual([1, 1, 256, 256, 88])
})

test('whoever wants a 202 gets it when Redis has the command, and not before', async () => {
  const it = aDispatcher()
  it.redis.acknowledge = () => {}
  const told: Answer[] = []
  void it.submit(aHold(), 0).then((answer) => told.push(answer))
  await it.timers.settle()
  expect(told).toEqual([])

  it.redis.acknowledge()
  await it.timers.settle()

  expect(told).toEqual([{ kind: 'queued', batchId: it.sent[0]?.batchId }])
})

test('a 202 waits for batches in flight no longer than others need to join it', async () => {
  const it = aDispatcher()
  for (let i = 0; i < 3; i++) {
    void it.submitMany(1)
    await it.timers.settle()
  }

  const first = it.submit(aHold(), 0)
  await it.timers.advance(5)
  const second = it.submit(aHold(), 0)
  await it.timers.settle()
  expect(it.sizes()).toEqual([1, 1])

  await it.timers.advance(5)
  expect((await first).kind).toBe('queued')
  expect((await second).kind).toBe('queued')
  expect(it.sizes()).toEqual([1, 1, 3])
})

test('a batch that is full goes past the limits at once where somebody in it wants a 202', async () => {
  const it = aDispatcher({ batchMax: 4 })
  for (let i = 0; i < 2; i++) {
    void it.submitMany(4)
    await it.timers.settle()
  }
  void it.submitMany(4)
  await it.timers.settle()
  expect(it.sizes()).toEqual([4, 4])

  void it.submit(aHold(), 0)
  await it.timers.settle()
  expect(it.sizes()).toEqual([4, 4, 4])
})

test('past the wait it is told 202, and its slot is free when the outcome comes', async () => {
  const it = aDispatcher()
  const answer = it.submit(aHold(), 1_000)
  await it.timers.advance(1_000)

  expect((await answer).kind).toBe('queued')
  it.reply(0)

  expect(it.inFlight()).toBe(0)
})

test('without Redis everybody is told at once, and nothing stays behind', async () => {
  const it = aDispatcher()
  it.redis.result = 'not_sent'

  const answers = it.submitMany(300)
  await it.timers.settle()

  for (const answer of await answers) {
    expect(answer).toEqual({ kind: 'unavailable', mayHappen: false })
  }
  expect([it.waiting(), it.inFlight()]).toEqual([0, 0])
})

test('an add that nobody acknowledged may happen: it is told so, and looked for', async () => {
  const it = aDispatcher()
  it.redis.result = 'unknown'
  const answer = it.submit(aHold(), WAIT_MS)
  await it.timers.settle()
  expect(await answer).toEqual({ kind: 'unavailable', mayHappen: true })
  it.jobs.add(it.sent[0]?.batchId as string)

  await it.timers.advance(5_000)
  expect(it.inFlight()).toBe(1)
  it.applySilently(0)
  await it.timers.advance(2_000)

  expect(it.inFlight()).toBe(0)
  expect(it.sent).toHaveLength(1)
})

test('an add that nobody acknowledged and nobody knows never was', async () => {
  const it = aDispatcher()
  it.redis.result = 'unknown'
  void it.submit(aHold(), WAIT_MS)

  await it.timers.advance(2_000)

  expect(it.inFlight()).toBe(0)
  expect(it.sent).toHaveLength(1)
})

test('an add that is acknowledged too late may find an expiry ahead of it: it counts as not accepted', async () => {
  const it = aDispatcher()
  it.redis.acknowledge = () => {}
  const answer = it.submit(aHold(), WAIT_MS)
  await it.timers.settle()
  await it.timers.advance(REDIS_COMMAND_MS_MAX + 1)

  it.redis.acknowledge()
  await it.timers.advance(WAIT_MS)

  expect(await answer).toEqual({ kind: 'unavailable', mayHappen: true })
  it.reply(0)
  expect(it.inFlight()).toBe(0)
})

test('a lane sends one add at a time, and never what has waited too long by then', async () => {
  const it = aDispatcher()
  it.redis.acknowledge = () => {}
  void it.submitMany(1)
  await it.timers.settle()
  const late = it.submit(aHold(), WAIT_MS)
  await it.timers.advance(400)
  const inTime = it.submit(aHold(), WAIT_MS)
  await it.timers.advance(200)
  expect(it.sizes()).toEqual([1])

  it.redis.acknowledge()
  await it.timers.settle()

  expect(await late).toEqual({ kind: 'unavailable', mayHappen: false })
  expect(it.sizes()).toEqual([1, 1])
  it.redis.acknowledge()
  await it.timers.settle()
  it.reply(1)
  expect((await inTime).kind).toBe('applied')
})

test('a reply may overtake the acknowledgement of its batch', async () => {
  const it = aDispatcher()
  it.redis.acknowledge = () => {}
  const answer = it.submit(aHold(), WAIT_MS)
  await it.timers.settle()

  it.reply(0)
  it.redis.acknowledge()
  await it.timers.settle()

  expect((await answer).kind).toBe('applied')
  expect(it.inFlight()).toBe(0)
  void it.submit(aHold(), WAIT_MS)
  await it.timers.settle()
  expect(it.sent).toHaveLength(2)
})

test('a lost reply is found in the journal, and shown to readers before it is told', async () => {
  const it = aDispatcher()
  const answer = it.submit(aHold(7), WAIT_MS)
  await it.timers.settle()
  it.applySilently(0)

  await it.timers.advance(1_500)

  expect(await answer).toEqual({ kind: 'applied', outcome: refused })
  expect(it.refreshed).toEqual([7])
  expect(it.inFlight()).toBe(0)
})

test('a batch that Redis has lost is sent again, the same under the same id', async () => {
  const it = aDispatcher()
  const answer = it.submit(aHold(), WAIT_MS)
  await it.timers.settle()
  it.jobs.clear()

  await it.timers.advance(1_500)
  expect(it.sent).toHaveLength(2)
  expect(it.sent[1]).toEqual(it.sent[0])
  it.reply(1)

  expect((await answer).kind).toBe('applied')
})

test('a batch that Redis has lost is not given up when Redis is away', async () => {
  const it = aDispatcher()
  const answer = it.submit(aHold(), 1_000)
  await it.timers.advance(1_000)
  expect((await answer).kind).toBe('queued')
  it.jobs.clear()
  it.redis.result = 'not_sent'
  await it.timers.advance(3_000)

  it.redis.result = 'acknowledged'
  await it.timers.advance(2_000)

  expect(it.jobs.size).toBe(1)
  expect(it.sent.at(-1)).toEqual(it.sent[0])
  it.reply(0)
  expect(it.inFlight()).toBe(0)
})

test('batches that stand in a long lane leave their slots to other lanes', async () => {
  const it = aDispatcher()
  for (let lane = 1; lane <= 16; lane++) void it.submitMany(1, lane)
  await it.timers.settle()
  void it.submit(aHold(17), WAIT_MS)
  await it.timers.settle()
  expect(it.sent).toHaveLength(16)

  await it.timers.advance(2_000)
  void it.submit(aHold(18), WAIT_MS)
  await it.timers.settle()

  expect(it.sent.at(-1)?.commands[0]?.productId).toBe(18)
})

test('lanes take turns: one that always has more does not keep the others waiting', async () => {
  const it = aDispatcher({ batchMax: 1 })
  for (let lane = 1; lane <= 8; lane++) void it.submitMany(10, lane)
  await it.timers.settle()
  expect(it.sent).toHaveLength(16)
  void it.submit(aHold(9), WAIT_MS)
  await it.timers.settle()

  for (let i = 0; i <= 8; i++) {
    it.reply(i)
    await it.timers.settle()
  }

  const products = it.sent.slice(16).map((batch) => batch.commands[0]?.productId)
  expect(products).toContain(9)
})

test('a lane that has not been heard of is announced, and no longer when it has', async () => {
  const it = aDispatcher()
  void it.submit(aHold(4), WAIT_MS)
  await it.timers.settle()
  expect(it.announced).toEqual([4])
  it.reply(0)

  void it.submit(aHold(4), WAIT_MS)
  await it.timers.settle()

  expect(it.announced).toEqual([4])
})

test('a lane that is too deep takes no holds, and orders up to twice that', async () => {
  const it = aDispatcher()
  const deep = async (depth: number) => {
    void it.submit(aCancel(), WAIT_MS)
    await it.timers.settle()
    it.reply(it.sent.length - 1, depth)
  }
  await deep(250_000)
  expect(await it.submit(aHold(), WAIT_MS)).toEqual({ kind: 'busy' })

  await deep(500_000)
  expect(await it.submit(aCancel(), WAIT_MS)).toEqual({ kind: 'busy' })

  await it.timers.advance(1_000)
  void it.submit(aHold(), WAIT_MS)
  expect(it.waiting()).toBe(1)
})

test('more than 20,000 waiting clients are turned away', async () => {
  const it = aDispatcher()
  void it.submitMany(20_000)

  expect(await it.submit(aCancel(2), WAIT_MS)).toEqual({ kind: 'busy' })
})

test('at shutdown everything is sent, and at its end everybody is told what is known', async () => {
  const it = aDispatcher()
  for (let i = 0; i < 2; i++) {
    void it.submitMany(1)
    await it.timers.settle()
  }
  const flushed = it.submit(aHold(), WAIT_MS)
  it.drain()
  await it.timers.settle()
  expect(it.sizes()).toEqual([1, 1, 1])
  it.redis.acknowledge = () => {}
  const sending = it.submit(aHold(), WAIT_MS)
  await it.timers.settle()
  const buffered = it.submit(aHold(), WAIT_MS)

  it.giveUp()

  expect((await flushed).kind).toBe('queued')
  expect(await sending).toEqual({ kind: 'unavailable', mayHappen: true })
  expect(await buffered).toEqual({ kind: 'unavailable', mayHappen: false })
  expect((await it.submit(aHold(), WAIT_MS)).kind).toBe('unavailable')
  expect(it.waiting()).toBe(0)
})
