/** Connections of our own user that sleep inside a transaction: a frozen worker's, which keeps the row locked. */
import { sql } from 'kysely'
import type { Database } from './connect.ts'
import { isUnknownThread } from './errors.ts'

/** No legitimate transaction of ours pauses this long between its two packets. */
const SLEEP_S_MAX = 2

/** Ends them, and tells how many. Needs the PROCESS privilege. */
export async function killSleepers({ db }: Database): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    select p.id as id from information_schema.innodb_trx t
    join information_schema.processlist p on p.id = t.trx_mysql_thread_id
    where p.command = 'Sleep' and p.time >= ${SLEEP_S_MAX}
      and p.user = substring_index(current_user(), '@', 1) and p.db = database()
      and p.id <> connection_id()`.execute(db)
  for (const { id } of rows) {
    await sql`kill ${sql.lit(id)}`.execute(db).catch((error: unknown) => {
      // Somebody else was quicker, or it ended by itself.
      if (!isUnknownThread(error)) throw error
    })
  }
  return rows.length
}
