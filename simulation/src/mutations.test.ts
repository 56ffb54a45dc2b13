import { expect, test } from 'vitest'
import { breaking, MUTATIONS, type Mutation } from './mutations.ts'
import { run } from './run.ts'

const SEEDS_MAX = 400

const names = Object.keys(MUTATIONS) as Mutation[]

test.each(names)('%s is found out', { timeout: 240_000 }, async (mutation) => {
  const { faults, lastsMs } = breaking(mutation)
  let found: string | null = null
  for (let seed = 1; seed <= SEEDS_MAX && found === null; seed++) {
    const { violations } = await run(seed, { mutation, faults, lastsMs })
    found = violations[0] ?? null
  }

  expect(found).not.toBeNull()
})
