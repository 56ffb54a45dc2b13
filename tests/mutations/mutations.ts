/** What Flashlane stands on, taken away a piece at a time: each must turn a test red, or that piece is not tested. */

/** `find` stands in `file` exactly once; where it does not, the mutation is out of date, and that is an error. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string }

/** The cheapest that catches it: a file of tests, and those of it whose names match. */
export type Suite = {
  readonly project: 'unit' | 'int' | 'e2e'
  readonly file: string
  readonly tests?: string
}

export type Mutation = {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly suite: Suite
  /** Of the fault matrix: one whose checkers must blame it, if rows are asked for. */
  readonly row?: number
}

const store = 'packages/db/src/store.ts'
const sender = 'apps/api/src/dispatch/sender.ts'
const fences = 'tests/int/fences.int.test.ts'
const apply = 'tests/int/apply.int.test.ts'

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'drop the row lock',
    edits: [
      { file: store, find: ' order by product_id for update', replace: ' order by product_id' },
    ],
    suite: { project: 'int', file: fences, tests: 'forty batches of one product at once' },
  },
  {
    name: 'drop a UNIQUE key',
    edits: [
      {
        file: 'packages/db/migrations/0003_payments.ts',
        find: 'unique index payments_reference (reference)',
        replace: 'index payments_reference (reference)',
      },
    ],
    suite: { project: 'int', file: apply, tests: 'two lanes that name one payment reference' },
  },
  {
    name: 'answer before the commit',
    edits: [
      {
        file: 'apps/worker/src/apply.ts',
        find: '    await open.finish(decided, letters.flat())\n',
        replace: '    open.finish(decided, letters.flat()).catch(() => {})\n',
      },
    ],
    suite: { project: 'int', file: fences, tests: 'is not told before its commit' },
    row: 13,
  },
  {
    name: 'skip the journal look-up',
    edits: [
      { file: store, find: 'found?.is_known === 1', replace: 'found?.is_known === undefined' },
    ],
    suite: { project: 'int', file: apply, tests: 'a batch delivered twice' },
    row: 13,
  },
  {
    name: 'use BullMQ retries',
    edits: [
      {
        file: 'apps/worker/src/handle.ts',
        find: `deps.untilDone(() => applyBatch(deps.store, batch), { signal, what: \`lane \${lane.name}\` })
`,
        replace: 'applyBatch(deps.store, batch)\n',
      },
      {
        file: 'apps/worker/src/processor.ts',
        find: '    throw new RateLimitError()\n',
        replace: "    throw new Error('tried again by the queue')\n",
      },
      {
        file: 'apps/worker/src/lane.ts',
        find: 'removeOnComplete: true, removeOnFail: true }',
        replace: `removeOnComplete: true, removeOnFail: true,
        attempts: 20, backoff: { type: 'fixed', delay: 100 } }`,
      },
    ],
    suite: { project: 'int', file: fences, tests: 'is not overtaken' },
  },
  {
    name: 'honour an expired hold',
    edits: [
      {
        file: 'packages/core/src/decide/order.ts',
        find: "  if (hold.status === 'expired' || isLate) return refuse('hold_expired')",
        replace: "  if (hold.status === 'expired') return refuse('hold_expired')",
      },
    ],
    suite: { project: 'unit', file: 'packages/core/src/decide/order.test.ts' },
  },
  {
    name: 'judge expiry by the clock at application',
    edits: [
      {
        file: 'packages/core/src/decide/expiry.ts',
        find: '  Math.min(cutoffMs, nowMs) - EXPIRY_GRACE_MS',
        replace: '  nowMs - EXPIRY_GRACE_MS',
      },
    ],
    suite: { project: 'unit', file: 'packages/core/src/decide/expiry.test.ts' },
  },
  {
    name: 'upsert instead of insert',
    edits: [
      {
        file: 'packages/db/src/statements.ts',
        find: "  return [CompiledQuery.raw(head + tuples.join(','))]",
        replace: `  const all = columns.map((column) => \`\${column} = values(\${column})\`).join(',')
  return [CompiledQuery.raw(\`\${head}\${tuples.join(',')} on duplicate key update \${all}\`)]`,
      },
    ],
    suite: { project: 'int', file: apply, tests: 'two lanes that name one payment reference' },
  },
  {
    name: 'read the clock in the locking statement',
    edits: [
      {
        file: store,
        find: '`select * from products force',
        replace:
          '`select *, cast(unix_timestamp(now(3)) * 1000 as signed) as now_ms from products force',
      },
      {
        file: store,
        find: 'Number(found?.now_ms)',
        replace: 'Number((products?.[0] as unknown as Fence).now_ms)',
      },
    ],
    suite: { project: 'int', file: fences, tests: 'has the time from behind the wait' },
  },
  {
    name: 'add what a product holds to what its row says, and not the difference',
    edits: [
      {
        file: 'packages/db/src/save-products.ts',
        find: "by('held', before.held, after.held)",
        replace: "by('held', 0, after.held)",
      },
    ],
    suite: {
      project: 'int',
      file: 'tests/int/product-counters.int.test.ts',
      tests: 'a batch that holds, releases and changes the stock',
    },
  },
  {
    name: 'count the caps as the queue',
    edits: [
      {
        file: sender,
        find: ' || waitedMs >= ENQUEUE_MS_MAX / 2',
        replace: '',
      },
      { file: sender, find: '    dropStale(lane, sinceMs)\n', replace: '' },
    ],
    suite: {
      project: 'unit',
      file: 'apps/api/src/dispatch/dispatcher.test.ts',
      tests: 'what has waited for half of its time',
    },
  },
]
