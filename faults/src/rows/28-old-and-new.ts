import { BATCH_FORMAT, RULES_VERSION } from '@flashlane/core'
import { sql } from 'kysely'
import { until } from '../../../tests/support/until.ts'
import type { Row, Scene } from '../row.ts'
import { withEdits } from '../stage/edits.ts'

const RECOVERY_MS = 3_000
const WRITES_NEW_MS_MAX = 60_000
const NEXT_RULES = RULES_VERSION + 1
const NEXT_FORMAT = BATCH_FORMAT + 1

/** The next version of this program, as far as others can see: it writes another format and other rules, and knows these. */
const newer = withEdits([
  {
    file: 'packages/core/src/batch.ts',
    find: `export const BATCH_FORMAT = ${BATCH_FORMAT}`,
    replace: `export const BATCH_FORMAT = ${NEXT_FORMAT}`,
  },
  {
    file: 'packages/core/src/batch.ts',
    find: 'format: z.literal(BATCH_FORMATS)',
    replace: `format: z.literal([...BATCH_FORMATS, ${NEXT_FORMAT}])`,
  },
  {
    file: 'packages/core/src/fold.ts',
    find: `export const RULES_VERSION = ${RULES_VERSION}`,
    replace: `export const RULES_VERSION = ${NEXT_RULES}`,
  },
])

export const oldAndNew: Row = {
  id: 28,
  title: 'Old and new side by side, over a migration',
  fault:
    'a column is added under load; new workers join the old ones, new apis send what only those know',
  async run(scene) {
    const { stage, patience, note, sells, recovers, demand } = scene
    const [...oldWorkers] = stage.workers
    const [...oldApis] = stage.apis

    note('the migration runs')
    await migrate(scene)
    await recovers('the migration', RECOVERY_MS)
    await sells(60)

    note('new workers join')
    for (const _ of oldWorkers) stage.startWorker(newer)
    await until(() => journalHas(scene, NEXT_RULES), {
      withinMs: WRITES_NEW_MS_MAX * patience,
      what: 'a new worker has applied a batch of an old api',
    })
    await sells(60)

    note('a new api joins: what it sends, only new workers know')
    await stage.startApi(newer)
    await recovers('a newer format in the lanes', RECOVERY_MS)
    await sells(100)

    note('the old ones are ended')
    for (const each of [...oldApis, ...oldWorkers]) each.send('SIGTERM')
    const codes = await Promise.all([...oldApis, ...oldWorkers].map((each) => each.ended()))
    await recovers('the old ones are gone', RECOVERY_MS)
    await sells(60)

    demand(
      codes.every((code) => code === 0),
      `the old ones ended with ${codes.join(', ')}`,
    )
    demand(await journalHas(scene, RULES_VERSION), 'old workers have applied batches, too')
    const buried = await countLetters(scene)
    demand(buried === 0, `${buried} batches of another version were buried`)
  },
}

/** As the next version's would: what this version does not know may be null, and changes no row. */
async function migrate({ stage }: Scene): Promise<void> {
  const { db } = stage.database
  await sql`alter table holds add column gift_note varchar(200) null`.execute(db)
  await sql`alter table journal add column checksum bigint null`.execute(db)
  await sql`insert into kysely_migration (name, timestamp) values ('9999_of_the_next_version', '')`.execute(
    db,
  )
}

async function journalHas({ stage }: Scene, rules: number): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from journal where rules = ${rules} and seq > 1
  `.execute(stage.database.db)
  return Number(rows[0]?.n) > 0
}

async function countLetters({ stage }: Scene): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from dead_letters`.execute(
    stage.database.db,
  )
  return Number(rows[0]?.n)
}
