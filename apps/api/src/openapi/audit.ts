/** The audit of a product's books, as the document tells it. */
import { CHECKERS, type Checker, VIOLATIONS_MAX } from '@flashlane/audit'
import { z } from 'zod'
import { jsonAnswer, operation, operators } from './operation.ts'
import { SERVICE_PROBLEMS } from './problems.ts'
import { ids } from './values.ts'

/** Entries of a journal that are audited while a client waits: some seconds of it at most. */
export const AUDIT_ENTRIES_MAX = 1_000

export const auditQuery = z.strictObject({
  product_id: z.coerce
    .number()
    .int()
    .positive()
    .max(ids.product.maxValue ?? 1),
})

const checkerName = z.enum(Object.keys(CHECKERS) as [Checker, ...Checker[]])
const count = z.int().nonnegative()

const report = z
  .object({
    ok: z.boolean(),
    checkers: z.array(
      z.object({
        checker: checkerName,
        claim: z.string(),
        looked_at: z.record(z.string(), count).meta({ description: 'How many of what' }),
        violations: count,
      }),
    ),
    violations: z
      .array(
        z.object({
          checker: checkerName,
          product_id: ids.product.nullable(),
          seq: count.nullable().meta({ description: 'Of the journal’s entry, if it is in one' }),
          index: count.nullable().meta({ description: 'Of the command in its batch' }),
          sentence: z.string(),
        }),
      )
      .meta({ description: `The first ${VIOLATIONS_MAX} of each checker` }),
  })
  .meta({ id: 'Audit' })

export const auditProduct = operation({
  ...operators('read'),
  method: 'get',
  path: '/api/admin/audit',
  operationId: 'auditProduct',
  summary: 'Check the books of a product',
  description: `Decides the product’s journal again, from its checkpoint where it was pruned, and compares it with its rows, as of one moment. More than ${AUDIT_ENTRIES_MAX} entries take \`npm run audit\`. One audit a process at a time.`,
  query: auditQuery,
  answers: {
    200: jsonAnswer('What was looked at, and what is wrong', report, {
      ok: false,
      checkers: [
        {
          checker: 'C1',
          claim: CHECKERS.C1,
          looked_at: { 'versions of the counters': 812 },
          violations: 1,
        },
      ],
      violations: [
        {
          checker: 'C1',
          product_id: 1,
          seq: null,
          index: null,
          sentence: "the product's row says sold 4, the journal 3",
        },
      ],
    }),
  },
  problems: ['validation', 'product_not_found', 'journal_too_long', 'busy', ...SERVICE_PROBLEMS],
})
