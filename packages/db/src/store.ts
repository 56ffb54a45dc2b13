/**
 * One transaction, two packets: everything up to the loads, and everything from the first insert to the commit. For one
 * batch, for those that several lanes have at the same time, or for several of a deep lane.
 */
import {
  BATCH_MAX_DEFAULT,
  type Command,
  type Decided,
  emptyState,
  invariant,
  type Outcome,
  type Product,
  type State,
} from '@flashlane/core'
import type { Failpoints } from '@flashlane/failpoints'
import { CompiledQuery, type Selectable } from 'kysely'
import type { PoolConnection } from 'mysql2'
import type { Database } from './connect.ts'
import { type CustomersAsked, readCustomers } from './customers.ts'
import { entriesOf, type Head } from './entries.ts'
import { outcomesOf } from './journal.ts'
import { readsOf, readsOfWaiting, sendAndTake, takeAll } from './load.ts'
import { literal } from './literal.ts'
import { commit, giveUp, send, sendAndCommit, takeConnection } from './packet.ts'
import { loadDue } from './room.ts'
import { productOf } from './rows.ts'
import { savesOf } from './save.ts'
import type { DeadLetterRow, JournalRow, ProductRow } from './schema.ts'
import { saveProducts } from './save-products.ts'
import { insertRows } from './statements.ts'
import { failOn, stepOn } from './step.ts'

/** What a batch was applied as before: redelivered, it is answered from this. */
export type Applied = { readonly kind: 'applied'; readonly outcomes: readonly Outcome[] }

/** Of several batches, one was applied before, or must wait for a row that somebody keeps: each goes alone. */
export type Apart = { readonly kind: 'apart' }

export type Open = {
  readonly kind: 'open'
  readonly state: State
  readonly nowMs: number
  /** Adds to a state what may be expired to make room for commands accepted at `acceptedAtMs` or before. */
  loadDue(state: State, productId: number, acceptedAtMs: number): Promise<void>
  /** Adds to a state what these customers have of each product. */
  loadCustomers(state: State, asked: readonly CustomersAsked[]): Promise<void>
  /** Loads, decides and saves one command on its own; if the database refuses it, all is as if it had not been. */
  step(command: Command, decideOn: (state: State) => Promise<Decided>): Promise<Decided>
  /** Saves a command that failed, on its own and without looking at what it names: that may be what it failed of. */
  fail(decided: Decided): Promise<void>
  /** Writes what was decided of each batch, except for what was stepped, and the journal, and commits. */
  finish(decided: readonly (readonly Decided[])[], letters: readonly DeadLetterRow[]): Promise<void>
  /** Ends the transaction with nothing done. */
  abandon(error?: unknown): Promise<void>
}

/** From so many commands on, writing the journal's entry takes longer than one more round trip: it is written while the server inserts. */
const OVERLAP_MIN = 32
/** As many as a batch has by default: batches of several lanes that share a transaction have no more together. */
const PART_COMMANDS_MAX = BATCH_MAX_DEFAULT

/** To be awaited: what was just given to the driver is written by then. */
const onItsWay = Promise.resolve()

const begin = CompiledQuery.raw('start transaction')

/** Locks the products, reads the clock, looks into the journal and loads what the commands name. No batch has begun yet. */
export async function openBatches(
  { pool }: Database,
  heads: readonly Head[],
  commands: readonly Command[],
  failpoints: Failpoints = {},
): Promise<Applied | Apart | Open> {
  const batchIds = heads.map((head) => head.batchId)
  const productIds = [...new Set(heads.flatMap((head) => head.productIds))]
  const connection = await takeConnection(pool)
  try {
    const state = emptyState()
    const reads = readsOf(commands, state)
    const [, products, fence, ...rows] = await send(connection, [
      begin,
      lockOf(productIds, heads.length === 1 ? '' : ' skip locked'),
      clockAndFence(batchIds),
      ...reads.map((read) => read.query),
    ])
    failpoints['worker.afterLock']?.()
    const [found] = (fence ?? []) as Fence[]
    const isKnown = found?.is_known === 1
    if (heads.length > 1 && (isKnown || products?.length !== productIds.length)) {
      await giveUp(connection)
      return { kind: 'apart' }
    }
    if (isKnown) {
      const outcomes = await readOutcomes(connection, batchIds)
      connection.release()
      return { kind: 'applied', outcomes }
    }
    const known = new Map<number, Product>()
    for (const row of (products ?? []) as Selectable<ProductRow>[]) {
      const product = productOf(row)
      known.set(product.productId, product)
      state.products.set(product.productId, product)
    }
    takeAll(reads, rows)
    await sendAndTake(connection, readsOfWaiting(state))
    const nowMs = Number(found?.now_ms)
    return openOn(connection, { heads, state, known, nowMs, failpoints })
  } catch (error) {
    await giveUp(connection, error)
    throw error
  }
}

// The index is named: a small table would be scanned, and rows of other lanes locked on the way.
// Written out: these come with every batch, and compiling them anew took longer than running them.
const lockOf = (productIds: readonly number[], wait: '' | ' skip locked'): CompiledQuery =>
  CompiledQuery.raw(
    `select * from products force index (primary) where product_id in (${listed(productIds)}) order by product_id for update${wait}`,
  )

type Fence = { readonly now_ms: number; readonly is_known: 0 | 1 }

/** The clock, which in the locking statement would tell the time before the wait, and whether any of the batches was applied before. */
const clockAndFence = (batchIds: readonly string[]): CompiledQuery =>
  CompiledQuery.raw(
    `select cast(unix_timestamp(now(3)) * 1000 as signed) as now_ms,
      exists(select 1 from journal where batch_id in (${listed(batchIds)}))
      or exists(select 1 from dead_letters where batch_id in (${listed(batchIds)})) as is_known`,
  )

/** What a batch was answered, and the end of the transaction. */
async function readOutcomes(
  connection: PoolConnection,
  batchIds: readonly string[],
): Promise<readonly Outcome[]> {
  const [entries, letters] = await send(connection, [
    CompiledQuery.raw(
      `select seq, applied_at_ms, body from journal where batch_id in (${listed(batchIds)})`,
    ),
    CompiledQuery.raw(`select n from dead_letters where batch_id in (${listed(batchIds)})`),
    commit,
  ])
  const outcomes = outcomesOf(
    entries as Pick<JournalRow, 'seq' | 'applied_at_ms' | 'body'>[],
    letters as Pick<DeadLetterRow, 'n'>[],
  )
  invariant(outcomes !== null, 'a batch that is known has outcomes', { batchIds })
  return outcomes
}

const listed = (values: readonly (string | number)[]): string => values.map(literal).join(',')

type Base = {
  readonly heads: readonly Head[]
  readonly state: State
  /** What the rows of the products say. */
  readonly known: Map<number, Product>
  readonly nowMs: number
  readonly failpoints: Failpoints
}

function openOn(connection: PoolConnection, base: Base): Open {
  const { heads, state, known, nowMs, failpoints } = base
  const stepped = new Set<Decided>()
  return {
    kind: 'open',
    state,
    nowMs,
    loadDue: (into, productId, acceptedAtMs) =>
      loadDue(connection, into, { productId, acceptedAtMs, nowMs }),
    async loadCustomers(into, asked) {
      await sendAndTake(
        connection,
        asked.flatMap((each) => readCustomers(each, into)),
      )
    },
    async step(command, decideOn) {
      const decided = await stepOn(connection, { state, known }, command, decideOn)
      stepped.add(decided)
      return decided
    },
    async fail(decided) {
      await failOn(connection, decided)
      stepped.add(decided)
    },
    async finish(decided, letters) {
      let sent: Promise<unknown> = Promise.resolve()
      let unsent: CompiledQuery[] = []
      for (const part of partsOf(decided)) {
        const unsaved = part.flatMap((i) => decided[i] ?? []).filter((each) => !stepped.has(each))
        unsent.push(...savesOf(unsaved))
        if (unsent.length > 0 && unsaved.length >= OVERLAP_MIN) {
          await sent
          sent = send(connection, unsent)
          // Awaited below; whatever is thrown before that must not leave it without anybody who hears of it.
          sent.catch(() => {})
          unsent = []
          await onItsWay
        }
        const entries = part.flatMap((i) => entriesOf(i, { heads, state, decided }))
        unsent.push(...insertRows('journal', entries))
      }
      unsent.push(
        ...saveProducts(known, [...state.products.values()]),
        ...insertRows('dead_letters', letters),
      )
      await sent
      await sendAndCommit(connection, unsent, failpoints)
      connection.release()
    },
    abandon: (error) => giveUp(connection, error),
  }
}

/** Batches that are written at once, by their indexes: small ones together, large ones while the server is at work on the one before. */
function partsOf(decided: readonly (readonly Decided[])[]): readonly (readonly number[])[] {
  const parts: number[][] = []
  let room = 0
  for (const [i, { length }] of decided.entries()) {
    if (parts.length === 0 || length > room) {
      parts.push([])
      room = PART_COMMANDS_MAX
    }
    parts.at(-1)?.push(i)
    room -= length
  }
  return parts
}
