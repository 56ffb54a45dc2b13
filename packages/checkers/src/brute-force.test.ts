import { aPlaceHold } from '@flashlane/core/builders.ts'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLinearizable, type Read, type Write } from './brute-force.ts'
import { makeRun, only, sends, told } from './made-run.ts'

/** Where an operation's instant lies, how long before and after it the client began and heard, and by how much that is wrong. */
const span = fc.record({
  before: fc.nat(14),
  after: fc.nat(14),
  shift: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -40, max: 40 })),
  hasAnswer: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, fc.constant(false)),
})
type Span = { readonly before: number; readonly after: number; readonly shift: number }

const timesOf = (at: number, { before, after, shift }: Span) => ({
  t0: 100 + at * 10 + shift - before,
  t1: 100 + at * 10 + shift + after,
})

const history = fc.record({
  batches: fc.array(fc.array(span, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  reads: fc.array(
    fc.record({
      span,
      version: fc.nat(3),
      /** Shown wrongly. */
      error: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 1 })),
    }),
    { maxLength: 3 },
  ),
})

test('C5 finds a violation exactly where no order of the operations is possible', async () => {
  const verdicts = { right: 0, wrong: 0 }

  await fc.assert(
    fc.asyncProperty(history, async ({ batches, reads }) => {
      const run = makeRun({ stockTotal: 100 })
      const operations: (Write | Read)[] = []
      /** Behind each version, where its last command's instant lies, and what is held. */
      const versions = [{ at: 0, held: 0 }]
      let at = 0
      let held = 0
      for (const [b, batch] of batches.entries()) {
        const sendings = batch.map((each, index) => {
          const { t0, t1 } = timesOf(++at, each)
          held++
          operations.push({
            kind: 'write',
            t0,
            t1: each.hasAnswer ? t1 : Number.POSITIVE_INFINITY,
            version: b + 2,
            index,
            isLast: index === batch.length - 1,
            held,
          })
          return sends(aPlaceHold(), {
            t0,
            t1,
            ...(each.hasAnswer ? {} : { kind: 'info', status: null }),
          })
        })
        run.apply(...sendings)
        versions.push({ at, held })
      }
      for (const read of reads) {
        const version = Math.min(read.version, versions.length - 1)
        const shown = versions[version]
        if (!shown) throw new Error('no such version')
        const times = timesOf(shown.at + 0.5, read.span)
        const seen = { version: version + 1, held: shown.held + read.error }
        operations.push({ kind: 'read', ...times, ...seen })
        run.note({ op: 'read', result: seen, ...times })
      }

      const isRight = only('C5', await told(run)).length === 0

      verdicts[isRight ? 'right' : 'wrong']++
      expect(isRight).toBe(isLinearizable(operations))
    }),
    { numRuns: 2_000 },
  )

  // Both kinds were there, or nothing was shown.
  expect(Math.min(verdicts.right, verdicts.wrong)).toBeGreaterThan(200)
}, 120_000)
