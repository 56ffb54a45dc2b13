import { expect, test } from 'vitest'
import { run } from './run.ts'

const SEEDS = 200

test('the same seed is the same sale, step by step', async () => {
  const seeds = [3, 10, 22]

  const once = await Promise.all(seeds.map((seed) => run(seed)))
  const again = []
  for (const seed of seeds.toReversed()) again.unshift(await run(seed))

  expect(again.map(({ hash }) => hash)).toEqual(once.map(({ hash }) => hash))
  expect(new Set(again.map(({ hash }) => hash)).size).toBe(seeds.length)
})

test(`${SEEDS} sales with faults keep every promise`, { timeout: 240_000 }, async () => {
  const broken: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = await run(seed)
    broken.push(...violations.map((sentence) => `seed ${seed}: ${sentence}`))
  }

  expect(broken).toEqual([])
})

test('without faults clients are answered, but for those whose answer is lost on its way', async () => {
  const { operations, answered, violations, lines } = await run(1, { faults: [] })

  expect(violations).toEqual([])
  expect(operations).toBeGreaterThan(20)
  expect(answered / operations).toBeGreaterThan(0.95)
  expect(lines.some((line) => line.includes('FAULT'))).toBe(false)
})
