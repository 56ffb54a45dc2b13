/** One transaction, two packets, for one batch or those of several lanes, as packages/db has it: what the worker's `Store` stands on. */
import { type Command, type Decided, emptyState, type Outcome, type State } from '@flashlane/core'
import {
  type Apart,
  type Applied,
  entriesOf,
  type Head,
  type JournalRow,
  type Open,
  outcomesOf,
} from '@flashlane/db'
import { load, loadCustomers, loadDue, roomBefore } from './load.ts'
import { save, saveProducts } from './save.ts'
import type { Connection } from './server.ts'
import type { Session } from './session.ts'
import { failOn, stepOn } from './step.ts'
import { type Deps, giveUp, loadingOf, sendOwners } from './transaction.ts'

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
  for (const productId of new Set(heads.flatMap((head) => head.productIds))) {
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
      const rows = heads.flatMap((_, i) => rowsOf(i, { heads, state, decided }))
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

const rowsOf = (...of: Parameters<typeof entriesOf>): JournalRow[] =>
  entriesOf(...of).map(({ body, ...entry }) => ({ ...entry, body: body.json }))
