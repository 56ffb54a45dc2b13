/** What api and worker ask of the database besides applying batches, answered from the simulated tables. */
import {
  type Decided,
  eventId,
  holdAtBirth,
  type Layout,
  orderAtBirth,
  type Outcome,
  type PaymentEvent,
  type Product,
  type RecordPayment,
  siblingId,
} from '@flashlane/core'
import { type DeadLetterRow, outcomeRowsOf, outcomesOf } from '@flashlane/db'
import type { Process } from '../process.ts'
import type { World } from '../world.ts'
import { dueOrders } from './load.ts'
import { putOffFailed } from './save.ts'
import type { MysqlServer } from './server.ts'
import type { Session } from './session.ts'

type DueIn = {
  readonly lane: string
  readonly layout: Layout
  readonly beforeMs: number
  readonly limit: number
}

export type Queries = ReturnType<typeof makeQueries>

export function makeQueries(world: World, mysql: MysqlServer, process: Process) {
  const { tables } = mysql
  const ask = <Value>(what: string, serve: (session: Session) => Promise<Value> | Value) =>
    mysql.ask(process, what, serve)

  const due = (session: Session, beforeMs: number) =>
    [
      ...session
        .all(tables.holds)
        .filter((hold) => hold.status === 'active' && hold.expiresAtMs <= beforeMs)
        .map(({ holdId, productId, expiresAtMs }) => ({
          id: holdId,
          productId,
          atMs: expiresAtMs,
        })),
      ...dueOrders(session.all(tables.orders), beforeMs).map(
        ({ orderId, productId, paymentDueAtMs }) => ({
          id: orderId,
          productId,
          atMs: paymentDueAtMs ?? 0,
        }),
      ),
    ].toSorted((a, b) => a.atMs - b.atMs)

  return {
    readClockMs: (): Promise<number> => ask('clock', () => world.databaseMs()),

    dueInLane: ({ lane, layout, beforeMs, limit }: DueIn) =>
      ask(`due in ${lane}`, (session) => {
        const number = Number(lane.slice(1))
        const isOf = (productId: number) =>
          (layout.kind === 'shared' ? productId % layout.lanes : productId) === number
        return due(session, beforeMs)
          .filter(({ productId }) => isOf(productId))
          .slice(0, limit)
      }),

    productsWithDue: (beforeMs: number): Promise<readonly number[]> =>
      ask('products with due', (session) => [
        ...new Set(due(session, beforeMs).map(({ productId }) => productId)),
      ]),

    findProducts: (ids: readonly number[]): Promise<readonly Product[]> =>
      ask('products', (session) =>
        ids.flatMap((id) => session.get(tables.products, String(id)) ?? []),
      ),

    productsOfBatch: (batchId: string): Promise<number[]> =>
      ask('products of batch', (session) =>
        session
          .all(tables.journal)
          .filter((row) => row.batch_id === batchId)
          .map((row) => row.product_id),
      ),

    productIdsAfter: (after: number): Promise<number[]> =>
      ask('product ids', (session) =>
        session
          .all(tables.products)
          .map(({ productId }) => productId)
          .filter((id) => id > after)
          .toSorted((a, b) => a - b),
      ),

    killSleepers: (): Promise<number> => ask('kill sleepers', () => mysql.killSleepers()),

    bury: (letters: readonly DeadLetterRow[], decided: readonly Decided[]): Promise<void> =>
      ask('bury', async (session) => {
        for (const letter of letters) {
          const key = `${letter.batch_id} ${letter.n}`
          if (!session.get(tables.letters, key)) await session.insert(tables.letters, key, letter)
        }
        for (const { command_id: id } of outcomeRowsOf(decided)) {
          const found = decided.find(({ command }) => command.commandId === id)
          const isMade =
            session.get(tables.holds, siblingId(id, 'hold')) ??
            session.get(tables.orders, siblingId(id, 'ord')) ??
            session.get(tables.outcomes, id)
          if (!found || isMade) continue
          const { command, outcome } = found
          const fingerprint = command.fingerprint ?? null
          await session.insert(tables.outcomes, id, { outcome, fingerprint })
        }
        await putOffFailed({ session, tables }, decided)
      }),

    findBatches: (ids: readonly string[]): Promise<ReadonlyMap<string, readonly Outcome[]>> =>
      ask('batches', (session) => {
        const found = new Map<string, readonly Outcome[]>()
        for (const id of ids) {
          const outcomes = outcomesOf(
            session.all(tables.journal).filter((row) => row.batch_id === id),
            session.all(tables.letters).filter((row) => row.batch_id === id),
          )
          if (outcomes) found.set(id, outcomes)
        }
        return found
      }),

    findOrderByReference: (paymentRef: string): Promise<{ productId: number } | null> =>
      ask('order of reference', (session) => {
        const orderId = session.get(tables.ordersOfReferences, paymentRef)
        return (orderId !== undefined && session.get(tables.orders, orderId)) || null
      }),

    insertWaitingEvent: (
      command: RecordPayment,
      nextTryAtMs: number,
    ): Promise<{ kind: 'inserted' } | { kind: 'known'; event: PaymentEvent }> => {
      const inserted = ask('into the inbox', async (session) => {
        const key = eventId(command)
        // Whoever is inserting it just now is waited for.
        await session.lock(tables.events, key)
        const known = session.get(tables.events, key)
        if (known) return { kind: 'known' as const, event: known.event }
        const { type: _type, commandId: _id, productId: _product, payload: _raw, ...told } = command
        const event: PaymentEvent = { ...told, state: 'waiting', result: null, appliedAtMs: null }
        await session.insert(tables.events, key, { event, nextTryAtMs, tries: 0 })
        return { kind: 'inserted' as const }
      })
      if (world.mutation !== 'inbox-forgets') return inserted
      inserted.catch(() => {})
      return Promise.resolve({ kind: 'inserted' })
    },

    /** What became of a command, as a poll tells it. */
    findCommand: (commandId: string): Promise<Outcome | null> =>
      ask('command', (session) => {
        const stored = session.get(tables.outcomes, commandId)
        if (stored) return stored.outcome
        const hold = session.get(tables.holds, siblingId(commandId, 'hold'))
        if (hold) return accepted(holdAtBirth(hold), hold.bornVersion)
        const order = session.get(tables.orders, siblingId(commandId, 'ord'))
        return order ? accepted(orderAtBirth(order), order.bornVersion) : null
      }),
  }
}

const accepted = (result: ReturnType<typeof holdAtBirth>, version: number): Outcome => ({
  outcome: 'accepted',
  result,
  version,
})
