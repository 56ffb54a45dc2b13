/** One batch, one transaction, two packets, as packages/db has it: what the worker's `Store` stands on. */
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

type Applied = { readonly kind: 'applied'; readonly outcomes: readonly Outcome[] }

type Deps = {
  readonly world: World
  readonly mysql: MysqlServer
  readonly process: Process
  /** Hears of each entry when it is committed. */
  onCommit(rows: readonly JournalRow[]): void
}

export type OpenBatch = (head: Head, commands: readonly Command[]) => Promise<Applied | Open>

export const makeOpenBatch =
  (deps: Deps): OpenBatch =>
  async (head, commands) => {
    const connection = deps.mysql.connect(deps.process)
    try {
      const state = emptyState()
      const opened = await connection.send(`open ${head.batchId}`, (session) =>
        openOn(deps, session, { head, commands, state }),
      )
      if (opened.outcomes) {
        connection.release()
        return { kind: 'applied', outcomes: opened.outcomes }
      }
      await sendOwners(deps, connection, state)
      beginBatch(state, opened.nowMs)
      return openWith(deps, connection, { batchId: head.batchId, state, nowMs: opened.nowMs })
    } catch (error) {
      await giveUp(connection, error)
      throw error
    }
  }

type Opening = {
  readonly head: Head
  readonly commands: readonly Command[]
  readonly state: State
}

async function openOn(
  { world, mysql }: Deps,
  session: Session,
  { head, commands, state }: Opening,
): Promise<{ outcomes: readonly Outcome[] | null; nowMs: number }> {
  const { mutation } = world
  const { tables } = mysql
  session.begin()
  const earlyMs = world.databaseMs()
  for (const productId of head.productIds) {
    const key = String(productId)
    if (mutation !== 'no-fence') await session.lock(tables.products, key)
    const product = session.get(tables.products, key)
    if (product) state.products.set(productId, product)
  }
  await session.rest()
  const nowMs = mutation === 'clock-with-lock' ? earlyMs : world.databaseMs()
  const isLookedUp = mutation !== 'no-journal-look-up' && mutation !== 'upsert-without-look-up'
  const entries = [...tables.journal.rows.values()].filter(isOf(head.batchId))
  const letters = [...tables.letters.rows.values()].filter(isOf(head.batchId))
  const outcomes = isLookedUp ? outcomesOf(entries, letters) : null
  if (outcomes) session.commit()
  else {
    await session.rest()
    await load({ session, tables, state, mutation }, commands)
  }
  return { outcomes, nowMs }
}

const isOf =
  (batchId: string) =>
  (row: { readonly batch_id: string }): boolean =>
    row.batch_id === batchId

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

type Opened = { readonly batchId: string; readonly state: State; readonly nowMs: number }

function openWith(deps: Deps, connection: Connection, { batchId, state, nowMs }: Opened): Open {
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
    async loadCustomers(into, productId, customerRefs) {
      await connection.send('customers', (session) =>
        loadCustomers(loadingOf(deps, session, into), productId, customerRefs),
      )
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
    async finish(numbered, letters) {
      const unsaved = numbered.map((each) => each.decided).filter((each) => !stepped.has(each))
      const rows = entriesOf(batchId, state, numbered)
      const done = connection.send(`commit ${batchId}`, async (session) => {
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

function entriesOf(batchId: string, state: State, numbered: readonly Numbered[]): JournalRow[] {
  const byProduct = Map.groupBy(numbered, (each) => each.decided.command.productId)
  return [...byProduct].flatMap(([productId, commands]) => {
    const product: Product | undefined = state.products.get(productId)
    if (!product) return []
    const { version, appliedAtMs } = product
    const { body, ...entry } = entryOf({ productId, seq: version, batchId, appliedAtMs }, commands)
    return [{ ...entry, body: body.json }]
  })
}
