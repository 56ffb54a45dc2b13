/** `MYSQL_URL=mysql://... node packages/db/src/migrate-command.ts` */
import { mysqlTlsOf } from '@flashlane/tls'
import { connect } from './connect.ts'
import { migrate } from './migrate.ts'

const url = process.env['MYSQL_URL']
if (url === undefined || url === '') {
  console.error('MYSQL_URL is not set: say which database to migrate')
  process.exit(1)
}

/** Altering a large table takes its time. */
const MIGRATION_MS_MAX = 3_600_000

const database = connect({
  url,
  poolSize: 1,
  tls: mysqlTlsOf(process.env),
  multipleStatements: false,
  queryMsMax: MIGRATION_MS_MAX,
})
try {
  const applied = await migrate(database)
  console.log(applied.length === 0 ? 'nothing to migrate' : `migrated: ${applied.join(', ')}`)
} catch (error) {
  console.error(`the database could not be migrated: ${String(error)}`)
  process.exitCode = 1
} finally {
  await database.close()
}
