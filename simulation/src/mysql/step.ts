/** One command of a batch on its own, behind a savepoint. */
import { type Command, type Decided, emptyState, type State } from '@flashlane/core'
import { isDuplicateKey, isTransient } from '@flashlane/db'
import { load } from './load.ts'
import { save, saveProducts } from './save.ts'
import type { Connection } from './server.ts'
import { type Deps, loadingOf, sendOwners } from './transaction.ts'

type Stepping = {
  readonly state: State
  readonly command: Command
  readonly decideOn: (state: State) => Promise<Decided>
}

export async function stepOn(
  deps: Deps,
  connection: Connection,
  { state, command, decideOn }: Stepping,
): Promise<Decided> {
  const own = emptyState()
  const product = state.products.get(command.productId)
  if (product) own.products.set(command.productId, product)
  try {
    await connection.send('step', (session) => {
      session.savepoint()
      return load(loadingOf(deps, session, own), [command])
    })
    await sendOwners(deps, connection, own)
    const decided = await decideOn(own)
    const after = own.products.get(command.productId)
    await connection.send('save step', async (session) => {
      const saving = loadingOf(deps, session, own)
      await save(saving, [decided])
      await saveProducts(saving, after ? [after] : [])
    })
    if (after) state.products.set(command.productId, after)
    return decided
  } catch (error) {
    if (!isTransient(error)) await connection.send('rollback to', (session) => session.rollbackTo())
    throw error
  }
}

export async function failOn(deps: Deps, connection: Connection, decided: Decided): Promise<void> {
  await connection.send('savepoint', (session) => session.savepoint())
  try {
    await connection.send('save failed', (session) =>
      save(loadingOf(deps, session, emptyState()), [decided]),
    )
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    await connection.send('rollback to', (session) => session.rollbackTo())
  }
}
