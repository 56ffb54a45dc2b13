/**
 * Many new rows that have nearly all of their values in common, as the plain holds of a sale do: what they share is said once,
 * and the rest comes as one JSON text. The server then parses a few values instead of thousands.
 */
import { CompiledQuery } from 'kysely'
import { literal } from './literal.ts'
import type { Schema } from './schema.ts'
import { insertRows, type Row } from './statements.ts'

export type JsonType = 'ascii' | 'number'

/** Fewer rows, or rows that differ in more, are quicker written out: a JSON table costs the server something, and each of its columns. */
const ALIKE_MIN = 32
const DIFFERING_MAX = 3

/** Longer than any column: MariaDB cuts silently here, and then the column still refuses what is too long for it. */
const DECLARED: Readonly<Record<JsonType, string>> = { ascii: 'varchar(255)', number: 'bigint' }

/** One plain INSERT, as `insertRows` makes it. Rows that differ in a column without a type here are written out. */
export function insertAlike(
  table: keyof Schema,
  types: ReadonlyMap<string, JsonType>,
  rows: readonly Row[],
): readonly CompiledQuery[] {
  const [first] = rows
  if (!first || rows.length < ALIKE_MIN) return insertRows(table, rows)
  const all = Object.keys(first)
  const differing = all.filter((column) => rows.some((row) => row[column] !== first[column]))
  const isWritten = differing.length > DIFFERING_MAX || differing.some((each) => !types.has(each))
  if (isWritten) return insertRows(table, rows)

  const isDiffering = new Set(differing)
  const columns = all.filter((column) => isDiffering.has(column) || first[column] !== null)
  const valueOf = (column: string) =>
    isDiffering.has(column) ? `j.\`${column}\`` : literal(first[column])
  const json = JSON.stringify(rows.map((row) => differing.map((column) => row[column])))
  // Whatever does not fit is refused: by default it would become null.
  const declared = differing.map(
    (column, i) =>
      `\`${column}\` ${DECLARED[types.get(column) ?? 'ascii']} path '$[${i}]' error on error`,
  )
  return [
    CompiledQuery.raw(
      `insert into \`${table}\` (${columns.map((column) => `\`${column}\``).join(',')})
      select ${columns.map(valueOf).join(',')}
      from json_table(${literal({ json })}, '$[*]' columns (${declared.join(',')})) j`,
    ),
  ]
}
