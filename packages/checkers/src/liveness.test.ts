import { expect, test } from 'vitest'
import { makeRun, only, told } from './made-run.ts'
import { recoveryMs } from './recovery.ts'

const slow = { fault: 'worker killed', tookMs: 4_000, budgetMs: 3_000 }

test('a recovery past its budget, and one that never came', async () => {
  const recoveries = [slow, { fault: 'Redis frozen', tookMs: null, budgetMs: 5_000 }]

  expect(only('C9', await told(makeRun(), { recoveries }))).toEqual([
    'C9 -.-: after worker killed it took 4000 ms until all went on, and may take 3000 ms',
    'C9 -.-: after Redis frozen it never went on',
  ])
})

test('patience stretches the budgets', async () => {
  expect(only('C9', await told(makeRun(), { recoveries: [slow], patience: 2 }))).toEqual([])
})

test('a recovery lasts until the first answer to what was sent after the healing', () => {
  const run = makeRun()
  run.note({ op: 'hold', t0: 90, t1: 110 })
  run.note({ op: 'read', t0: 101, t1: 102 })
  run.note({ op: 'hold', kind: 'fail', status: 503, t0: 103, t1: 104 })
  run.note({ op: 'hold', t0: 120, t1: 350 })
  run.note({ op: 'order', t0: 200, t1: 300 })

  expect(recoveryMs(run.operations, 100)).toBe(200)
  expect(recoveryMs(run.operations, 400)).toBeNull()
})
