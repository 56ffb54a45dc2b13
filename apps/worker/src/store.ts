/** The database, as applying a batch knows it. */
import {
  type Database,
  deadLetter,
  isDuplicateKey,
  isLockTimeout,
  isMisfit,
  isTransient,
} from '@flashlane/db'
import type { Failpoints } from '@flashlane/failpoints'
import type { Logger } from '@flashlane/log'
import type { Store } from './apply.ts'
import { askMysql, type Mysql } from './mysql.ts'

type Told = { sleepersKilled(times: number): void }

const NOBODY: Told = { sleepersKilled: () => {} }

type Watching = { readonly failpoints?: Failpoints; readonly told?: Told }

export const createStore = (database: Database, log: Logger, watching: Watching = {}): Store =>
  makeStore(askMysql(database), log, watching)

type Transactions = Pick<Mysql, 'openBatches' | 'bury' | 'killSleepers'>

export const makeStore = (
  mysql: Transactions,
  log: Logger,
  { failpoints = {}, told = NOBODY }: Watching = {},
): Store => ({
  async open(heads, commands) {
    try {
      failpoints['worker.beforeTransaction']?.()
      return await mysql.openBatches(heads, commands, failpoints)
    } catch (error) {
      // A frozen client keeps its row lock for as long as its connection lives.
      if (isLockTimeout(error)) told.sleepersKilled(await endSleepers(mysql, log))
      throw error
    }
  },
  bury: (letters, decided) => mysql.bury(letters, decided),
  // Waits for operators where the server is not as it should be: to bury what comes meanwhile would lose payments.
  isTransient: (error) => isTransient(error) || isMisfit(error),
  isDuplicateKey,
  letter(batchId, n, { command, appliedAtMs }, error) {
    log.error({ err: error, batchId, commandId: command.commandId }, 'command buried')
    const head = { batch_id: batchId, n, product_id: command.productId, buried_at_ms: appliedAtMs }
    return deadLetter(head, { error, body: command })
  },
})

/** Tells how many. Never throws: the lock wait is tried again whatever comes of this. */
async function endSleepers({ killSleepers }: Transactions, log: Logger): Promise<number> {
  try {
    const killed = await killSleepers()
    log.warn({ killed }, 'lock wait')
    return killed
  } catch (error) {
    log.error({ err: error }, 'connections that keep rows locked could not be ended')
    return 0
  }
}
