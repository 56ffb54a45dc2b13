/** One connection as the server has it: a transaction over the tables, READ COMMITTED, with locks and savepoints. */
import type { World } from '../world.ts'
import { checkFailed, connectionLost, duplicateKey, isDeadlock } from './errors.ts'
import { createOwner, type Locks } from './locks.ts'
import type { Table } from './tables.ts'

type Rows = Map<Table<unknown>, Map<string, unknown>>

export type Session = ReturnType<typeof createSession>

/** Between two statements of a packet. */
const STATEMENT_MS: readonly [number, number] = [0.01, 0.2]

export function createSession(world: World, locks: Locks, others: () => Iterable<Session>) {
  const { schedule, random, mutation } = world
  const owner = createOwner()
  let written: Rows = new Map()
  let saved: Rows | null = null
  let hasEnded = false
  let isInTransaction = false
  let isBusy = false
  let restsSinceMs = 0

  const isUpsert = mutation === 'upsert-without-look-up'

  function rowsOf<Row>(table: Table<Row>): Map<string, Row> {
    const known = written.get(table)
    if (known) return known as Map<string, Row>
    const fresh = new Map<string, Row>()
    written.set(table, fresh)
    return fresh
  }

  const get = <Row>(table: Table<Row>, key: string): Row | undefined =>
    (written.get(table)?.get(key) as Row | undefined) ?? table.rows.get(key)

  function forget(): void {
    written = new Map()
    saved = null
    isInTransaction = false
    locks.release(owner)
  }

  async function lock<Row>(table: Table<Row>, key: string): Promise<void> {
    if (hasEnded) throw connectionLost()
    try {
      await locks.acquire(owner, `${table.name} ${key}`)
    } catch (error) {
      // The server rolls the whole transaction back, not the statement only.
      if (isDeadlock(error)) forget()
      throw error
    }
  }

  const session = {
    get,
    lock,
    isFree: <Row>(table: Table<Row>, key: string): boolean =>
      locks.isFree(owner, `${table.name} ${key}`),

    /** The rows that this transaction sees. */
    all<Row>(table: Table<Row>): Row[] {
      const own = written.get(table) as Map<string, Row> | undefined
      if (!own) return [...table.rows.values()]
      return [...new Map([...table.rows, ...own]).values()]
    },

    /** Keys of rows that an index read for update meets: those of others that are not committed yet, too. */
    keysForUpdate<Row>(table: Table<Row>, is: (row: Row) => boolean): string[] {
      const found = new Set<string>()
      for (const rows of [table.rows, ...Array.from(others(), (each) => each.uncommitted(table))]) {
        for (const [key, row] of rows) if (is(row)) found.add(key)
      }
      return [...found]
    },
    uncommitted: <Row>(table: Table<Row>): ReadonlyMap<string, Row> =>
      (written.get(table) as Map<string, Row> | undefined) ?? new Map(),

    async insert<Row>(table: Table<Row>, key: string, row: Row): Promise<void> {
      await lock(table, key)
      if (get(table, key) !== undefined && !isUpsert) throw duplicateKey(`${table.name} ${key}`)
      rowsOf(table).set(key, row)
    },
    async update<Row>(table: Table<Row>, key: string, row: Row): Promise<void> {
      await lock(table, key)
      rowsOf(table).set(key, row)
    },
    /** A row that the product's own lock protects. */
    write<Row>(table: Table<Row>, key: string, row: Row): void {
      rowsOf(table).set(key, row)
    },
    check(isRight: boolean, what: string): void {
      if (!isRight) throw checkFailed(what)
    },

    /** Others have their turn between two statements. */
    async rest(): Promise<void> {
      await new Promise<void>((resolve) => {
        schedule.after(random.between(...STATEMENT_MS), resolve)
      })
      if (hasEnded) throw connectionLost()
    },

    begin(): void {
      isInTransaction = true
    },
    savepoint(): void {
      saved = new Map([...written].map(([table, rows]) => [table, new Map(rows)]))
    },
    rollbackTo(): void {
      written = saved ?? new Map()
      saved = null
    },
    commit(): void {
      if (hasEnded) throw connectionLost()
      for (const [table, rows] of written) {
        for (const [key, row] of rows) table.rows.set(key, row)
      }
      forget()
    },
    rollback: forget,

    /** Runs one packet. */
    async serve<Value>(work: () => Promise<Value> | Value): Promise<Value> {
      if (hasEnded) throw connectionLost()
      isBusy = true
      try {
        return await work()
      } finally {
        isBusy = false
        restsSinceMs = schedule.nowMs()
      }
    },
    /** How long it has slept inside a transaction; null where it does not. */
    sleepsMs: (): number | null =>
      isInTransaction && !isBusy && !hasEnded ? schedule.nowMs() - restsSinceMs : null,
    isBusy: (): boolean => isBusy,
    hasEnded: (): boolean => hasEnded,
    /** Killed, or its client is gone. */
    end(): void {
      hasEnded = true
      owner.interrupt?.(connectionLost())
      forget()
    },
  }
  return session
}
