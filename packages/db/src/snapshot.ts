/** The whole database as it stood at one moment, read piece by piece: for whoever checks it while it goes on selling. */
import { type Kysely, sql } from 'kysely'
import type { Database } from './connect.ts'
import type { Schema } from './schema.ts'
import { journalReads } from './snapshot/journal.ts'
import { moneyReads } from './snapshot/money.ts'
import { orderReads } from './snapshot/orders.ts'
import type { RowsOf } from './snapshot/rows-of.ts'

export type { EventKey, StoredPayment, StoredRefund } from './snapshot/money.ts'
export type { OrderBook, OrderNames } from './snapshot/orders.ts'

export type Snapshot = ReturnType<typeof readsOn>

/** One transaction, read only: nothing that is sold meanwhile is seen, and nobody waits. */
export function withSnapshot<Value>(
  { db }: Database,
  read: (snapshot: Snapshot) => Promise<Value>,
): Promise<Value> {
  return db.connection().execute(async (connection) => {
    // Under READ COMMITTED, which all connections are set to, each statement would see a moment of its own.
    await sql`set transaction isolation level repeatable read`.execute(connection)
    await sql`start transaction with consistent snapshot, read only`.execute(connection)
    try {
      return await read(readsOn(connection))
    } finally {
      await sql`rollback`.execute(connection)
    }
  })
}

function readsOn(db: Kysely<Schema>) {
  const rowsOf: RowsOf = async <Row>(query: Parameters<RowsOf>[0]) =>
    (await query.execute(db)).rows as Row[]
  return { ...journalReads(rowsOf), ...orderReads(rowsOf), ...moneyReads(rowsOf) }
}
