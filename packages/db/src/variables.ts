/** What the server is set to. */
import { sql } from 'kysely'
import type { Database } from './connect.ts'

/** Names that the server does not know are missing in the answer. Needs no privilege. */
export async function globalVariables(
  { db }: Database,
  names: readonly string[],
): Promise<Record<string, string>> {
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    show global variables where variable_name in (${sql.join(names)})`.execute(db)
  return Object.fromEntries(rows.map(({ Variable_name: name, Value: value }) => [name, value]))
}
