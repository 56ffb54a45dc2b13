/** What the api asks of MySQL. Every answer comes within a limit: a server that hangs must not keep clients waiting. */
import * as db from '@flashlane/db'
import { Fault } from './problem.ts'

/** MySQL answers in milliseconds, or is in trouble. */
const ANSWER_MS_MAX = 3_000

export type Mysql = ReturnType<typeof askMysql>

export function askMysql(database: db.Database) {
  const bind =
    <Args extends readonly unknown[], Value>(
      ask: (database: db.Database, ...args: Args) => Promise<Value>,
    ) =>
    (...args: Args): Promise<Value> =>
      inTime(ask(database, ...args))

  // Each look reads the schema of all tables, and probes look often. What lacked nothing once lacks nothing later.
  const lookForMigrations = bind(db.migrationsPending)
  let isMigrated = false
  const migrationsPending = async (): Promise<readonly string[]> => {
    const pending = isMigrated ? [] : await lookForMigrations()
    isMigrated = pending.length === 0
    return pending
  }

  return {
    readClockMs: bind(db.readClockMs),
    migrationsPending,
    claimLayout: bind(db.claimLayout),
    idempotencySecret: bind(db.idempotencySecret),
    productIdsAfter: bind(db.productIdsAfter),
    createProduct: bind(db.createProduct),
    findProduct: bind(db.findProduct),
    listProducts: bind(db.listProducts),
    pacesOf: bind(db.pacesOf),
    findHold: bind(db.findHold),
    findOrder: bind(db.findOrder),
    findCommand: bind(db.findCommand),
    findBatches: bind(db.findBatches),
    findOrderByReference: bind(db.findOrderByReference),
    insertWaitingEvent: bind(db.insertWaitingEvent),
    buryReusedKey: bind(db.buryReusedKey),
    listDeadLetters: bind(db.listDeadLetters),
    findDeadLetter: bind(db.findDeadLetter),
    claimReplay: bind(db.claimReplay),
    dropReplay: bind(db.dropReplay),
    nameReplay: bind(db.nameReplay),
    countOverdue: bind(db.countOverdue),
    listRefunds: bind(db.listRefunds),
    findRefund: bind(db.findRefund),
    settleOrphan: bind(db.settleOrphan),
    listPaymentEvents: bind(db.listPaymentEvents),
    beginAction: bind(db.beginAction),
    endAction: bind(db.endAction),
    listActions: bind(db.listActions),
  }
}

/** What was asked may still happen: only the wait for it is over. */
function inTime<Value>(asked: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Fault('unavailable', `MySQL gave no answer within ${ANSWER_MS_MAX} ms`))
    }, ANSWER_MS_MAX)
    asked.then(resolve, reject).finally(() => clearTimeout(late))
  })
}
