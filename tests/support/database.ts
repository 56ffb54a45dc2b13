/** A schema of its own for each test file, on the real server that MYSQL_URL names. */
import { connect, type Database, migrate } from '@flashlane/db'
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'

export type TestDatabase = {
  /** Of a user who may do everything with it. */
  readonly url: string
  /** Of the user that api and worker are meant to run as, where the server has one. */
  readonly appUrl: string
  readonly database: Database
  drop(): Promise<void>
}

const POOL_SIZE = 8

/** Product ids differ from schema to schema, so that files which share a Redis never share a lane. */
const PRODUCT_ID_MAX = 1_000_000_000

type Server = {
  readonly url: string
  readonly urls?: { readonly app?: string | undefined; readonly migrate?: string | undefined }
}

/** A server of our own has users with only the rights that they need; one that was named may have none. */
const serverOfEnvironment = (): Server => ({
  url: required('MYSQL_URL'),
  urls: { app: process.env['MYSQL_APP_URL'], migrate: process.env['MYSQL_MIGRATE_URL'] },
})

export async function createTestDatabase(given?: Server): Promise<TestDatabase> {
  const { url: serverUrl, urls = {} } = given ?? serverOfEnvironment()
  const name = `flashlane_test_${randomBytes(6).toString('hex')}`
  const server = connect({ url: serverUrl, poolSize: 1, multipleStatements: false })
  await sql`create database ${sql.id(name)}`.execute(server.db)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const inDatabase = (other: string | undefined): string => {
    const its = new URL(other ?? serverUrl)
    its.pathname = url.pathname
    return its.href
  }
  const database = connect({ url: url.href, poolSize: POOL_SIZE, multipleStatements: true })
  await migrateAs(inDatabase(urls.migrate))
  const first = 1 + Math.floor(Math.random() * PRODUCT_ID_MAX)
  await sql`alter table products auto_increment = ${sql.lit(first)}`.execute(database.db)
  return {
    url: url.href,
    appUrl: inDatabase(urls.app),
    database,
    async drop() {
      await database.close()
      await sql`drop database ${sql.id(name)}`.execute(server.db)
      await server.close()
    },
  }
}

async function migrateAs(url: string): Promise<void> {
  const database = connect({ url, poolSize: 1, multipleStatements: false })
  await migrate(database)
  await database.close()
}

export function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set: run npm test`)
  return value
}
