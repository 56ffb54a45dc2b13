/** One command of a batch on its own, behind a savepoint: if the database refuses it, all is as if it had not been. */
import { type Command, type Decided, emptyState, type Product, type State } from '@flashlane/core'
import { CompiledQuery } from 'kysely'
import type { PoolConnection } from 'mysql2'
import { isDuplicateKey, isTransient } from './errors.ts'
import { readsOf, readsOfWaiting, sendAndTake, takeAll } from './load.ts'
import { send } from './packet.ts'
import { saveProducts } from './save-products.ts'
import { savesOf } from './save.ts'

const savepoint = CompiledQuery.raw('savepoint one_command')
const release = CompiledQuery.raw('release savepoint one_command')
const rollbackTo = CompiledQuery.raw('rollback to savepoint one_command')

type Stepping = {
  readonly state: State
  /** What the rows of the products say. */
  readonly known: Map<number, Product>
}

export async function stepOn(
  connection: PoolConnection,
  { state, known }: Stepping,
  command: Command,
  decideOn: (state: State) => Promise<Decided>,
): Promise<Decided> {
  const own = emptyState()
  const product = state.products.get(command.productId)
  if (product) own.products.set(command.productId, product)
  const reads = readsOf([command], own)
  try {
    const [, ...rows] = await send(connection, [savepoint, ...reads.map((read) => read.query)])
    takeAll(reads, rows)
    await sendAndTake(connection, readsOfWaiting(own))
    const decided = await decideOn(own)
    const after = own.products.get(command.productId)
    const counters = saveProducts(known, after ? [after] : [])
    await send(connection, [...savesOf([decided]), ...counters, release])
    if (after) {
      state.products.set(command.productId, after)
      known.set(command.productId, after)
    }
    return decided
  } catch (error) {
    if (!isTransient(error)) {
      await send(connection, [rollbackTo])
    }
    throw error
  }
}

/** Saves what failed as it was decided, behind a savepoint of its own. */
export async function failOn(connection: PoolConnection, decided: Decided): Promise<void> {
  await send(connection, [savepoint])
  try {
    await send(connection, [...savesOf([decided]), release])
  } catch (error) {
    // A repeat of what was answered before: that outcome stands.
    if (!isDuplicateKey(error)) throw error
    await send(connection, [rollbackTo])
  }
}
