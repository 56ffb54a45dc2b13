/** A schema of its own for each test file, on the real server that MYSQL_URL names. */
import { connect, type Database, migrate } from '@flashlane/db'
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'

export type TestDatabase = {
  readonly url: string
  readonly database: Database
  drop(): Promise<void>
}

const POOL_SIZE = 8

/** Product ids differ from schema to schema, so that files which share a Redis never share a lane. */
const PRODUCT_ID_MAX = 1_000_000_000

export async function createTestDatabase(serverUrl = required('MYSQL_URL')): Promise<TestDatabase> {
  const name = `flashlane_test_${randomBytes(6).toString('hex')}`
  const server = connect({ url: serverUrl, poolSize: 1, multipleStatements: false })
  await sql`create database ${sql.id(name)}`.execute(server.db)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = connect({ url: url.href, poolSize: POOL_SIZE, multipleStatements: true })
  await migrate(database)
  const first = 1 + Math.floor(Math.random() * PRODUCT_ID_MAX)
  await sql`alter table products auto_increment = ${sql.lit(first)}`.execute(database.db)
  return {
    url: url.href,
    database,
    async drop() {
      await database.close()
      await sql`drop database ${sql.id(name)}`.execute(server.db)
      await server.close()
    },
  }
}

export function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set: run npm test`)
  return value
}
