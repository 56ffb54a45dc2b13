/** P8, its lane: what clients and buyers get while hundreds of thousands of commands wait before them, and while none do. */
import { queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { applying, type Applied, fillLane } from '../backlog.ts'
import type { Bench } from '../bench.ts'
import type { Claim } from '../claim.ts'
import { flashlaneMemory } from '../contest.ts'
import { startFlashlane } from '../contestants/flashlane.ts'
import { STOCK } from '../contestants/start.ts'
import type { Faults } from '../measure.ts'
import type { Part } from './growth.ts'

/** A full lane is empty after some ten seconds: less than that is measured of it. */
const SECONDS_MAX = 4
const LANE = 'p1'

/** The lane is paused while it fills, so that the worker that empties it is as warm as ever. */
export async function fullLane(bench: Bench): Promise<Part> {
  const { plan, say } = bench
  const flashlane = await startFlashlane(bench, { products: 1, stock: STOCK })
  const connection = new Redis(flashlane.redisUrl, { maxRetriesPerRequest: null })
  const queue = new Queue(queueName(LANE), { connection })
  const seconds = Math.min(plan.seconds, SECONDS_MAX)
  const faults: Faults = []
  const none: Applied[] = []
  const many: Applied[] = []
  await applying(flashlane, plan.warmSeconds)
  for (let round = 0; round < plan.longRounds; round++) {
    none.push(await applying(flashlane, seconds))
    await queue.pause()
    const waiting = await fillLane(flashlane, plan.backlog)
    say(`${waiting.toLocaleString('en')} commands wait in the lane`)
    await queue.resume()
    many.push(await applying(flashlane, seconds))
    for (const [name, runs] of Object.entries({ none, many }))
      say(
        `${name} waiting: accepted ${last(runs, 'accepted')}/s, applied ${last(runs, 'applied')}/s`,
      )
  }
  faults.push(...[...none, ...many].flatMap((each) => each.faults))
  faults.push(...(await flashlane.audit()))
  const memory = flashlaneMemory(flashlane)
  await queue.close()
  connection.disconnect()
  await flashlane.stop()

  const claim = (field: 'accepted' | 'applied', what: string): Claim => ({
    scenario: 'P8',
    what: `${what} with ${plan.backlog.toLocaleString('en')} commands waiting`,
    values: many.map((each) => each[field]),
    unit: '/s',
    other: { kind: 'peer', name: 'with none', values: none.map((each) => each[field]) },
    bar: { atLeast: 0.9 },
  })
  return {
    claims: [claim('accepted', 'holds accepted (202)'), claim('applied', 'holds applied')],
    memory,
    faults,
    points: [],
  }
}

const last = (runs: readonly Applied[], field: 'accepted' | 'applied'): number =>
  Math.round(runs.at(-1)?.[field] ?? 0)
