import { type Command, type CommandBatch, formatId, type Outcome, packReply } from '@flashlane/core'
import { expect, test } from 'vitest'
import { createDispatcher } from './dispatcher.ts'
import { createManualTimers } from './manual-timers.ts'

const RUNS = 200
const COMMANDS = 120
const LANES = 3

/** The same numbers for the same seed: a failing run can be run again. */
function aRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

test('whatever Redis, worker and replies do: everybody is answered once, and nothing stays behind', async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { answers, leftBehind, appliedTwice } = await run(seed)

    expect(answers, `seed ${seed}`).toBe(COMMANDS)
    expect(leftBehind, `seed ${seed}`).toEqual({ waiting: 0, inFlight: 0 })
    expect(appliedTwice, `seed ${seed}`).toEqual([])
  }
})

async function run(seed: number) {
  const random = aRandom(seed)
  const timers = createManualTimers()
  const queues = new Map<string, CommandBatch[]>()
  const journal = new Map<string, readonly Outcome[]>()
  const applied = new Map<string, string>()
  const appliedTwice: string[] = []
  let isCalm = false
  let drawn = 0
  const draw = () => String(++drawn).padStart(26, '0')
  const chance = (probability: number) => !isCalm && random() < probability
  const pause = (ms: number) => new Promise<void>((resolve) => timers.set(resolve, ms))

  const dispatcher = createDispatcher({
    async addBatch(lane, batch) {
      if (chance(0.1)) return 'not_sent'
      const isLost = chance(0.1)
      const isUnacknowledged = isLost || chance(0.1)
      await pause(isUnacknowledged ? 1_000 : random() * 300)
      const queue = queues.get(lane) ?? []
      queues.set(lane, queue)
      const isThere = queue.some((each) => each.batchId === batch.batchId)
      if (!isLost && !isThere) queue.push(batch)
      return isUnacknowledged ? 'unknown' : 'acknowledged'
    },
    async hasJob(lane, batchId) {
      if (chance(0.1)) throw new Error('Redis is away')
      return (queues.get(lane) ?? []).some((each) => each.batchId === batchId)
    },
    async findBatches(ids) {
      if (chance(0.1)) throw new Error('MySQL is away')
      return new Map([...journal].filter(([id]) => ids.includes(id)))
    },
    refreshSnapshots: () => pause(5),
    announce: () => {},
    laneOf: (productId) => `p${productId}`,
    drawBatchId: draw,
    nowMs: () => timers.monotonicMs(),
    timers,
    processId: 'api',
    batchMax: 8,
    onFault: () => {},
  })

  function work(): void {
    for (const queue of queues.values()) {
      if (chance(0.02)) queue.length = 0 // Redis comes back without its data.
      const batch = chance(0.3) ? undefined : queue.shift()
      if (!batch) continue
      const outcomes = journal.get(batch.batchId) ?? batch.commands.map(() => refused)
      for (const { commandId } of batch.commands) {
        const earlier = applied.get(commandId)
        if (earlier !== undefined && earlier !== batch.batchId) appliedTwice.push(commandId)
        applied.set(commandId, batch.batchId)
      }
      journal.set(batch.batchId, outcomes)
      const reply = packReply({ ...batch, outcomes, depth: queue.length })
      if (!chance(0.2)) timers.set(() => dispatcher.heard(reply), random() * 20)
    }
    timers.set(work, 30)
  }

  let answers = 0
  work()
  for (let i = 0; i < COMMANDS; i++) {
    const productId = 1 + Math.floor(random() * LANES)
    const waitMs = random() < 0.2 ? 0 : random() * 4_000
    void dispatcher.submit(aCancel(productId, draw()), waitMs).then(() => answers++)
    if (random() < 0.4) await timers.advance(random() * 200)
  }
  await timers.advance(6_000)
  isCalm = true
  await timers.advance(30_000)
  const leftBehind = { waiting: dispatcher.waiting(), inFlight: dispatcher.inFlight() }
  return { answers, leftBehind, appliedTwice }
}

const refused: Outcome = {
  outcome: 'refused',
  reason: 'order_not_found',
  facts: {},
  version: 1,
}

const aCancel = (productId: number, x: string): Command => ({
  type: 'CancelOrder',
  commandId: formatId('cmd', productId, x),
  orderId: formatId('ord', productId, x),
  productId,
  acceptedAtMs: 1,
})
