/** Statements over many rows, with their values written out: the driver's own pass over a batch took longer than the database. */
import { CompiledQuery, Kysely, MysqlDialect, type RawBuilder } from 'kysely'
import { literal } from './literal.ts'
import type { Schema } from './schema.ts'

/** Compiles and never connects: queries are sent in packets of several, which Kysely does not do. */
export const compiler = new Kysely<Schema>({
  dialect: new MysqlDialect({ pool: () => Promise.reject(new Error('this one only compiles')) }),
})

export const compile = (query: RawBuilder<unknown>): CompiledQuery => query.compile(compiler)

type Table = keyof Schema
type Row = Readonly<Record<string, unknown>>

/** One plain INSERT: never an upsert, which would hide a broken fence. */
export function insertRows(table: Table, rows: readonly Row[]): readonly CompiledQuery[] {
  if (rows[0] === undefined) return []
  // What is null in all rows is not named: it is so by default, and each name is a value to read for every row.
  const columns = Object.keys(rows[0]).filter((column) => rows.some((row) => row[column] !== null))
  const names = columns.map((column) => `\`${column}\``)
  const head = `insert into \`${table}\` (${names.join(',')}) values `
  const tuples = rows.map((row) => `(${columns.map((column) => literal(row[column])).join(',')})`)
  return [CompiledQuery.raw(head + tuples.join(','))]
}

/** A key column's type, so that the join below compares like with like and uses the primary key. */
export type Key = { readonly column: string; readonly type: 'ascii' | 'number' | 'bytes' }

/** One UPDATE of rows that were loaded, each with values of its own: a join with the values as a table. For a single row a plain one, which takes MariaDB half as long. */
export function updateRows(
  table: Table,
  keys: readonly Key[],
  rows: readonly Row[],
): readonly CompiledQuery[] {
  if (rows[0] === undefined) return []
  const columns = Object.keys(rows[0])
  const types = new Map(keys.map((key) => [key.column, key.type]))
  const valueOf = (row: Row, column: string) =>
    types.get(column) === 'ascii'
      ? `_ascii ${literal(row[column])} collate ascii_bin`
      : literal(row[column])
  const [only, second] = rows
  if (only && !second) {
    const pairs = (names: readonly string[]) =>
      names.map((name) => `${name} = ${valueOf(only, name)}`)
    const where = pairs(keys.map(({ column }) => column)).join(' and ')
    const set = pairs(columns.filter((column) => !types.has(column))).join(',')
    return [CompiledQuery.raw(`update ${table} set ${set} where ${where}`)]
  }
  const selects = rows.map((row, i) => {
    const values = columns.map((column) => valueOf(row, column) + (i === 0 ? ` as ${column}` : ''))
    return `select ${values.join(',')}`
  })
  const on = keys.map(({ column }) => `v.${column} = t.${column}`).join(' and ')
  const set = columns
    .filter((column) => !types.has(column))
    .map((column) => `t.${column} = v.${column}`)
  const text = `update ${table} t join (${selects.join(' union all ')}) v on ${on} set ${set.join(',')}`
  return [CompiledQuery.raw(text)]
}
