/** One transaction, two packets, for one batch or those of several lanes, as packages/db has it: what the worker's `Store` stands on. */
import {
  beginBatch,
  type Command,
  type Decided,
  emptyState,
  type Outcome,
  type Product,
  type State,
} from '@flashlane/core'
import {
  type Apart,
  type Applied,
  entryOf,
  type Head,
  isDuplicateKey,
  isServerError,
  isTransient,
  type JournalRow,
  type Numbered,
  type Open,
  outcomesOf,
} from '@flashlane/db'
import type { Process } from '../process.ts'
import type { World } from '../world.ts'
import {
  load,
  loadCustomers,
  loadDue,
  type Loading,
  loadOwnersOfWaiting,
  roomBefore,
} from './load.ts'
import { save, saveProducts } from './save.ts'
import type { Connection, MysqlServer } from './server.ts'
import type { Session } from './session.ts'

type Deps = {
  readonly world: World
  readonly mysql: MysqlServer
  readonly process: Process
  /** Hears of each entry when it is committed. */
  onCommit(rows: readonly JournalRow[]): void
}

export type OpenBatches = (
  heads: readonly Head[],
  commands: readonly Command[],
) => Promise<Applied | Apart | Open>

export const makeOpenBatches =
  (deps: Deps): OpenBatches =>
  async (heads, commands) => {
    const connection = deps.mysql.connect(deps.process)
    try {
      const state = emptyState()
      const opened = await connection.send(`open ${namesOf(heads)}`, (session) =>
        openOn(deps, session, { heads, commands, state }),
      )
      if (opened === 'apart') {
        await giveUp(connection)
        return { kind: 'apart' }
      }
      if (opened.outcomes) {
        connection.release()
        return { kind: 'applied', outcomes: opened.outcomes }
      }
      await sendOwners(deps, connection, state)
      beginBatch(state, opened.nowMs)
      return openWith(deps, connection, { heads, state, nowMs: opened.nowMs })
    } catch (error) {
      await giveUp(connection, error)
      throw error
    }
  }

const namesOf = (heads: readonly Head[]): string => heads.map(({ batchId }) => batchId).join(' ')

type Opening = {
  readonly heads: readonly Head[]
  readonly commands: readonly Command[]
  readonly state: State
}

async function openOn(
  { world, mysql }: Deps,
  session: Session,
  { heads, commands, state }: Opening,
): Promise<'apart' | { outcomes: readonly Outcome[] | null; nowMs: number }> {
  const { mutation } = world
  const { tables } = mysql
  session.begin()
  const earlyMs = world.databaseMs()
  const isJoint = heads.length > 1
  for (const productId of heads.flatMap((head) => head.productIds)) {
    const key = String(productId)
    if (isJoint && !session.isFree(tables.products, key)) return 'apart'
    if (mutation !== 'no-fence') await session.lock(tables.products, key)
    const product = session.get(tables.products, key)
    if (product) state.products.set(productId, product)
  }
  await session.rest()
  const nowMs = mutation === 'clock-with-lock' ? earlyMs : world.databaseMs()
  const isLookedUp = mutation !== 'no-journal-look-up' && mutation !== 'upsert-without-look-up'
  const entries = [...tables.journal.rows.values()].filter(isOf(heads))
  const letters = [...tables.letters.rows.values()].filter(isOf(heads))
  const outcomes = isLookedUp ? outcomesOf(entries, letters) : null
  if (outcomes && isJoint) return 'apart'
  if (outcomes) session.commit()
  else {
    await session.rest()
    await load({ session, tables, state, mutation }, commands)
  }
  return { outcomes, nowMs }
}

const isOf =
  (heads: readonly Head[]) =>
  (row: { readonly batch_id: string }): boolean =>
    heads.some(({ batchId }) => row.batch_id === batchId)

/** A packet of its own, where it is needed at all. */
async function sendOwners(deps: Deps, connection: Connection, state: State): Promise<void> {
  const isAsked = [...state.events.values()].some(
    ({ state: standing, paymentRef }) =>
      standing !== 'done' && paymentRef !== null && !state.referenceOwners.has(paymentRef),
  )
  if (!isAsked) return
  await connection.send('owners', (session) => loadOwnersOfWaiting(loadingOf(deps, session, state)))
}

const loadingOf = ({ world, mysql }: Deps, session: Session, state: State): Loading => ({
  session,
  tables: mysql.tables,
  state,
  mutation: world.mutation,
})

type Opened = { readonly heads: readonly Head[]; readonly state: State; readonly nowMs: number }

function openWith(deps: Deps, connection: Connection, { heads, state, nowMs }: Opened): Open {
  const stepped = new Set<Decided>()
  return {
    kind: 'open',
    state,
    nowMs,
    async loadDue(into, productId, acceptedAtMs) {
      const beforeMs = roomBefore(acceptedAtMs, nowMs)
      await connection.send('due', (session) =>
        loadDue(loadingOf(deps, session, into), { productId, beforeMs }),
      )
      await sendOwners(deps, connection, into)
    },
    async loadCustomers(into, asked) {
      await connection.send('customers', (session) => {
        for (const { productId, customerRefs } of asked) {
          loadCustomers(loadingOf(deps, session, into), productId, customerRefs)
        }
      })
    },
    async step(command, decideOn) {
      const decided = await stepOn(deps, connection, { state, command, decideOn })
      stepped.add(decided)
      return decided
    },
    async fail(decided) {
      await failOn(deps, connection, decided)
      stepped.add(decided)
    },
    async finish(decided, letters) {
      const unsaved = decided.flat().filter((each) => !stepped.has(each))
      const rows = heads.flatMap(({ batchId }, i) => entriesOf(batchId, state, decided[i] ?? []))
      const done = connection.send(`commit ${namesOf(heads)}`, async (session) => {
        const saving = { ...loadingOf(deps, session, state) }
        await save(saving, unsaved)
        await saveProducts(saving, state.products.values())
        for (const row of rows) await insertEntry(deps, session, row)
        for (const letter of letters) {
          await session.insert(deps.mysql.tables.letters, `${letter.batch_id} ${letter.n}`, letter)
        }
        session.commit()
        deps.onCommit(rows)
      })
      if (deps.world.mutation === 'answer-before-commit') {
        void done.then(connection.release, (error: unknown) => giveUp(connection, error))
        return
      }
      await done
      connection.release()
    },
    abandon: (error) => giveUp(connection, error),
  }
}

type Stepping = {
  readonly state: State
  readonly command: Command
  readonly decideOn: (state: State) => Promise<Decided>
}

async function stepOn(
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

async function failOn(deps: Deps, connection: Connection, decided: Decided): Promise<void> {
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

async function insertEntry(
  { world, mysql }: Deps,
  session: Session,
  row: JournalRow,
): Promise<void> {
  const { journal, journalBatches } = mysql.tables
  const { product_id: productId, seq, batch_id: batchId } = row
  const key = `${productId} ${seq}`
  if (world.mutation === 'no-fence') session.write(journal, key, row)
  else await session.insert(journal, key, row)
  await session.insert(journalBatches, `${batchId} ${productId}`, seq)
}

/** Ends a transaction with nothing done; after an error of the network there is nobody to tell it to. */
async function giveUp(connection: Connection, error?: unknown): Promise<void> {
  if (error !== undefined && !isServerError(error)) return connection.destroy()
  try {
    await connection.send('rollback', (session) => session.rollback())
    connection.release()
  } catch {
    connection.destroy()
  }
}

function entriesOf(batchId: string, state: State, batch: readonly Decided[]): JournalRow[] {
  const numbered = batch.map((decided, n): Numbered => ({ n, decided }))
  const byProduct = Map.groupBy(numbered, (each) => each.decided.command.productId)
  return [...byProduct].flatMap(([productId, commands]) => {
    const product: Product | undefined = state.products.get(productId)
    if (!product) return []
    const { version, appliedAtMs } = product
    const { body, ...entry } = entryOf({ productId, seq: version, batchId, appliedAtMs }, commands)
    return [{ ...entry, body: body.json }]
  })
}
