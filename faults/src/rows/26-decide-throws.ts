import { sql } from 'kysely'
import type { Row } from '../row.ts'
import { withEdits } from '../stage/edits.ts'

const RECOVERY_MS = 3_000
const COMMANDS = 20
const POISON = 'whoever-meets-the-bug'

const FIRST_LINE = 'const { quantity: requestedQuantity, customerRef, ttlMs } = command'
const bug = withEdits([
  {
    file: 'packages/core/src/decide/hold.ts',
    find: FIRST_LINE,
    replace: `${FIRST_LINE}
      if (customerRef === '${POISON}') throw new Error('a bug in the rules')`,
  },
])

export const decideThrows: Row = {
  id: 26,
  title: 'A command on which the rules throw',
  fault: 'workers with a bug in `decide`, which some holds of a busy product meet',
  stage: { env: bug },
  async run({ stage, load, note, sells, recovers, demand }) {
    const [product = 0] = load.products
    note(`${COMMANDS} holds meet a bug`)
    const answers = await Promise.all(
      Array.from({ length: COMMANDS }, (_, n) =>
        load.recorder.send(
          stage.apiUrl(),
          { op: 'hold', process: `poison-${n}`, product, key: `poison-${n}` },
          {
            path: '/api/holds',
            body: { product_id: product, qty: 1, customer_ref: POISON },
            headers: { prefer: 'wait=30' },
          },
        ),
      ),
    )
    await recovers('a command that no rule can decide', RECOVERY_MS)
    await sells(60)

    const codes = answers.map((answer) => `${answer?.status} ${String(answer?.body['code'])}`)
    demand(
      codes.every((code) => code === '500 internal_error'),
      `each command that meets the bug is told internal_error: ${[...new Set(codes)].join(', ')}`,
    )
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from dead_letters where product_id = ${product}
    `.execute(stage.database.db)
    demand(
      Number(rows[0]?.n) === COMMANDS,
      `each has a dead letter: ${rows[0]?.n}, not ${COMMANDS}`,
    )
  },
}
