/** What every part of a batch's transaction needs, and how it ends with nothing done. */
import type { State } from '@flashlane/core'
import { isServerError, type JournalRow } from '@flashlane/db'
import type { Process } from '../process.ts'
import type { World } from '../world.ts'
import { type Loading, loadOwnersOfWaiting } from './load.ts'
import type { Connection, MysqlServer } from './server.ts'
import type { Session } from './session.ts'

export type Deps = {
  readonly world: World
  readonly mysql: MysqlServer
  readonly process: Process
  /** Hears of each entry when it is committed. */
  onCommit(rows: readonly JournalRow[]): void
}

/** A packet of its own, where it is needed at all. */
export async function sendOwners(deps: Deps, connection: Connection, state: State): Promise<void> {
  const isAsked = [...state.events.values()].some(
    ({ state: standing, paymentRef }) =>
      standing !== 'done' && paymentRef !== null && !state.referenceOwners.has(paymentRef),
  )
  if (!isAsked) return
  await connection.send('owners', (session) => loadOwnersOfWaiting(loadingOf(deps, session, state)))
}

export const loadingOf = ({ world, mysql }: Deps, session: Session, state: State): Loading => ({
  session,
  tables: mysql.tables,
  state,
  mutation: world.mutation,
})

/** Ends a transaction with nothing done; after an error of the network there is nobody to tell it to. */
export async function giveUp(connection: Connection, error?: unknown): Promise<void> {
  if (error !== undefined && !isServerError(error)) return connection.destroy()
  try {
    await connection.send('rollback', (session) => session.rollback())
    connection.release()
  } catch {
    connection.destroy()
  }
}
