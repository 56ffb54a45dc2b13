/** Statements over many rows. Kysely compiles each shape once; a batch only repeats its tuple and adds its values. */
import { CompiledQuery, Kysely, MysqlDialect, type RawBuilder } from 'kysely'
import type { Schema } from './schema.ts'

/** Compiles and never connects: queries are sent in packets of several, which Kysely does not do. */
export const compiler = new Kysely<Schema>({
  dialect: new MysqlDialect({ pool: () => Promise.reject(new Error('this one only compiles')) }),
})

export const compile = (query: RawBuilder<unknown>): CompiledQuery => query.compile(compiler)

type Table = keyof Schema & string
type Row = Readonly<Record<string, unknown>>

const insertTexts = new Map<Table, string>()

/** One plain INSERT: never an upsert, which would hide a broken fence. */
export function insertRows(table: Table, rows: readonly Row[]): readonly CompiledQuery[] {
  if (rows[0] === undefined) return []
  const columns = Object.keys(rows[0])
  let head = insertTexts.get(table)
  if (head === undefined) {
    const compiled = compiler
      .insertInto(table)
      .values(rows[0] as never)
      .compile()
    head = compiled.sql.slice(0, compiled.sql.indexOf(' values ') + ' values '.length)
    insertTexts.set(table, head)
  }
  const tuple = `(${columns.map(() => '?').join(',')})`
  const text = head + Array.from(rows, () => tuple).join(',')
  return [CompiledQuery.raw(text, valuesOf(rows, columns))]
}

/** A key column's type, so that the join below compares like with like and uses the primary key. */
export type Key = { readonly column: string; readonly type: 'ascii' | 'number' | 'bytes' }

/** One UPDATE of rows that were loaded, each with values of its own: a join with the values as a table. */
export function updateRows(
  table: Table,
  keys: readonly Key[],
  rows: readonly Row[],
): readonly CompiledQuery[] {
  if (rows[0] === undefined) return []
  const columns = Object.keys(rows[0])
  const asciiKeys = new Set(keys.filter((key) => key.type === 'ascii').map((key) => key.column))
  const value = (column: string) => (asciiKeys.has(column) ? '_ascii ? collate ascii_bin' : '?')
  const first = `select ${columns.map((column) => `${value(column)} as ${column}`).join(',')}`
  const next = ` union all select ${columns.map(value).join(',')}`
  const on = keys.map(({ column }) => `v.${column} = t.${column}`).join(' and ')
  const keyNames = new Set(keys.map((key) => key.column))
  const set = columns
    .filter((column) => !keyNames.has(column))
    .map((column) => `t.${column} = v.${column}`)
  const text = `update ${table} t join (${first}${next.repeat(rows.length - 1)}) v on ${on} set ${set.join(',')}`
  return [CompiledQuery.raw(text, valuesOf(rows, columns))]
}

const valuesOf = (rows: readonly Row[], columns: readonly string[]): unknown[] =>
  rows.flatMap((row) => columns.map((column) => row[column]))
