/** Brings a database to the newest schema. Run by a command, never at import. */
import { Migrator, type Migration } from 'kysely/migration'
import * as products from '../migrations/0001_products.ts'
import * as holdsAndOrders from '../migrations/0002_holds_and_orders.ts'
import * as payments from '../migrations/0003_payments.ts'
import * as journal from '../migrations/0004_journal.ts'
import * as settings from '../migrations/0005_settings.ts'
import * as saleRules from '../migrations/0006_sale_rules.ts'
import * as orphansAndReplays from '../migrations/0007_orphans_and_replays.ts'
import * as operatorActions from '../migrations/0008_operator_actions.ts'
import * as checkpoints from '../migrations/0009_checkpoints.ts'
import type { Database } from './connect.ts'

const migrations: Record<string, Migration> = {
  '0001_products': products,
  '0002_holds_and_orders': holdsAndOrders,
  '0003_payments': payments,
  '0004_journal': journal,
  '0005_settings': settings,
  '0006_sale_rules': saleRules,
  '0007_orphans_and_replays': orphansAndReplays,
  '0008_operator_actions': operatorActions,
  '0009_checkpoints': checkpoints,
}

const migratorOf = ({ db }: Database): Migrator =>
  new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } })

/** Returns the names of what was applied now. A database that a newer version has migrated lacks nothing. */
export async function migrate(database: Database): Promise<readonly string[]> {
  if ((await migrationsPending(database)).length === 0) return []
  const { error, results = [] } = await migratorOf(database).migrateToLatest()
  if (error) throw error
  return results.map((each) => each.migrationName)
}

/** Names of migrations that the database lacks: none where it matches this program. */
export async function migrationsPending(database: Database): Promise<readonly string[]> {
  const all = await migratorOf(database).getMigrations()
  return all.filter((each) => !each.executedAt).map((each) => each.name)
}
