/** What the worker asks of MySQL, as functions: whoever applies batches knows no connection, and a simulation may answer. */
import * as db from '@flashlane/db'

export type Mysql = ReturnType<typeof askMysql>

export function askMysql(database: db.Database) {
  const bind =
    <Args extends readonly unknown[], Value>(
      ask: (database: db.Database, ...args: Args) => Promise<Value>,
    ) =>
    (...args: Args): Promise<Value> =>
      ask(database, ...args)

  return {
    openBatches: bind(db.openBatches),
    bury: bind(db.bury),
    killSleepers: bind(db.killSleepers),
    readClockMs: bind(db.readClockMs),
    dueInLane: bind(db.dueInLane),
    findProducts: bind(db.findProducts),
    productsOfBatch: bind(db.productsOfBatch),
    productIdsAfter: bind(db.productIdsAfter),
    productsWithDue: bind(db.productsWithDue),
    takeWaitingEvents: bind(db.takeWaitingEvents),
    parkedBefore: bind(db.parkedBefore),
    endUnclaimed: bind(db.endUnclaimed),
  }
}
