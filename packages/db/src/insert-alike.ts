/**
 * Many new rows that have most of their values in common, as those of a sale do: what they share is said once, and the rest
 * comes as one JSON text. The server then parses a few values instead of thousands.
 */
import { CompiledQuery } from 'kysely'
import { literal } from './literal.ts'
import type { Schema } from './schema.ts'
import { insertRows, type Row } from './statements.ts'

/** How a column's value stands in JSON: bytes as hex. */
export type JsonType = 'ascii' | 'number' | 'bytes'

/** Fewer rows are quicker as they are: a JSON table costs the server something to set up. */
const ALIKE_MIN = 8

/** Longer than any column: MariaDB cuts silently here, and then the column still refuses what is too long for it. */
const DECLARED: Readonly<Record<JsonType, string>> = {
  ascii: 'varchar(255)',
  number: 'bigint',
  bytes: 'varchar(1020)',
}

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
  if (differing.some((column) => !types.has(column))) return insertRows(table, rows)

  const isDiffering = new Set(differing)
  const columns = all.filter((column) => isDiffering.has(column) || first[column] !== null)
  const valueOf = (column: string) => {
    if (!isDiffering.has(column)) return literal(first[column])
    return types.get(column) === 'bytes' ? `unhex(j.\`${column}\`)` : `j.\`${column}\``
  }
  const json = JSON.stringify(rows.map((row) => differing.map((column) => inJson(row[column]))))
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

function inJson(value: unknown): string | number | null {
  if (value === null || typeof value === 'string') return value
  if (Number.isSafeInteger(value)) return value as number
  if (Buffer.isBuffer(value)) return value.toString('hex')
  throw new TypeError(`no JSON for ${typeof value}`)
}
