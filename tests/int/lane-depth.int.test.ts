/** How many commands stand in a lane, as Redis tells it. */
import { laneDepth, laneKey } from '@flashlane/core'
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { required } from '../support/database.ts'

const redis = new Redis(required('REDIS_URL'))
afterAll(() => redis.quit())

let lanes = 0

/** Waiting jobs of these names, the first to be worked first. */
async function depthOf(names: readonly string[]): Promise<number> {
  const lane = `depth-${process.pid}-${lanes++}`
  const pipeline = redis.pipeline()
  for (const [i, name] of names.entries()) {
    pipeline.hset(laneKey(lane, `job-${i}`), 'name', name)
    pipeline.lpush(laneKey(lane, 'wait'), `job-${i}`)
  }
  await pipeline.exec()
  const depth = Number(await redis.eval(...laneDepth(lane)))
  const keys = names.map((_, i) => laneKey(lane, `job-${i}`))
  if (keys.length > 0) await redis.unlink(laneKey(lane, 'wait'), ...keys)
  return depth
}

const times = (count: number, name: string): string[] => Array.from({ length: count }, () => name)

test('few jobs are counted, each with what it carries, an expiry as one', async () => {
  expect(await depthOf([])).toBe(0)
  expect(await depthOf(['256 commands', '3 commands', 'expiry'])).toBe(260)
})

test('many of one size are told exactly', async () => {
  expect(await depthOf(times(800, '250 commands'))).toBe(200_000)
})

test('batches of all sizes in any order are told within a tenth', async () => {
  // The fractions of multiples of the golden ratio: as good as chance, and the same each time.
  const sizes = Array.from({ length: 3_000 }, (_, i) => 1 + Math.floor(((i * 0.618034) % 1) * 256))
  const really = sizes.reduce((sum, size) => sum + size, 0)

  const depth = await depthOf(sizes.map((size) => `${size} commands`))

  expect(Math.abs(depth - really)).toBeLessThan(really / 10)
})

test('a lane that filled in large batches and goes on in small ones is told within a tenth', async () => {
  const really = 800 * 256 + 360 * 60

  const depth = await depthOf([...times(800, '256 commands'), ...times(360, '60 commands')])

  expect(Math.abs(depth - really)).toBeLessThan(really / 10)
})
