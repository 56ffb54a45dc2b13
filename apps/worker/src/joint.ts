/**
 * Batches that several lanes have at the same time share a transaction: a commit costs the same for one lane and for ten.
 * A lane that is alone never waits. While transactions run, batches gather for the next one.
 */
import { BATCH_MAX_DEFAULT, type Command } from '@flashlane/core'
import { type Applied, applyTogether, type Batch, type Store } from './apply.ts'

/** So many at a time: MySQL works on one while the worker decides the other. */
const TRANSACTIONS_MAX = 2
/** Longer than a transaction takes, and nothing to a buyer. One that waits for a lock, or for MySQL, keeps no other lane. */
const GATHER_MS_MAX = 25
/** So many commands are worth a transaction of their own. */
const LARGE_MIN = 64
/** Those that touch rows of their own product only. Others may wait for a row of another lane, and company would wait with them. */
const OF_HOLDS: ReadonlySet<Command['type']> = new Set(['PlaceHold', 'ReleaseHold', 'ExtendHold'])

type Gathered = {
  readonly batch: Batch
  alone(): Promise<unknown>
  resolve(applied: Applied): void
}

export type Joint = (batch: Batch, alone: () => Promise<Applied>) => Promise<Applied>

type Timers = {
  /** When what has arrived by now is read: lanes whose jobs came together go together. */
  afterTurn(run: () => void): void
  after(ms: number, run: () => void): void
}

const realTimers: Timers = {
  afterTurn: (run) => void setImmediate(run),
  after: (ms, run) => void setTimeout(run, ms),
}

type Options = {
  readonly transactionsMax?: number
  readonly timers?: Timers
  /** Hears what kept batches from going together; each is tried alone. */
  onFault(error: unknown): void
}

/** Whatever keeps batches from going together, each then goes `alone`. */
export function createJoint(
  store: Store,
  { transactionsMax = TRANSACTIONS_MAX, timers = realTimers, onFault }: Options,
): Joint {
  let running = 0
  let gathered: Gathered[] = []
  let isWoken = false
  let isTimed = false

  function wake(): void {
    if (isWoken) return
    isWoken = true
    timers.afterTurn(() => {
      isWoken = false
      startNext()
    })
  }

  function startNext(): void {
    while (gathered.length > 0 && running < transactionsMax) void run()
    if (isTimed || gathered.length === 0) return
    isTimed = true
    timers.after(GATHER_MS_MAX, () => {
      isTimed = false
      while (gathered.length > 0) void run()
    })
  }

  /** Never rejects. */
  async function run(): Promise<void> {
    const { group, rest } = groupOf(gathered)
    gathered = rest
    running++
    if (group.length === 1) await group[0]?.alone()
    const left = group.length > 1 ? await together(group) : []
    running--
    // Some of these may have to wait for somebody, and nobody for them.
    for (const { alone } of left) void alone()
    startNext()
  }

  /** Those that must go alone. */
  async function together(group: readonly Gathered[]): Promise<readonly Gathered[]> {
    try {
      const applied = await applyTogether(
        store,
        group.map(({ batch }) => batch),
      )
      return group.filter(({ resolve }, i) => {
        const own = applied[i]
        if (own) resolve(own)
        return !own
      })
    } catch (error) {
      onFault(error)
      return group
    }
  }

  return (batch, alone) => {
    if (!isSociable(batch)) return alone()
    return new Promise((resolve, reject) => {
      gathered.push({ batch, resolve, alone: () => alone().then(resolve, reject) })
      wake()
    })
  }
}

const isSociable = (batch: Batch): boolean => batch.commands.length < LARGE_MIN && isOfHolds(batch)

/** Waits for nobody's rows but its products'. */
export const isOfHolds = ({ commands }: Batch): boolean =>
  commands.every(({ type }) => OF_HOLDS.has(type))

/** As many as a batch may have commands, in order. A lane whose job came twice has its second turn alone. */
function groupOf(gathered: readonly Gathered[]): { group: Gathered[]; rest: Gathered[] } {
  const group: Gathered[] = []
  const rest: Gathered[] = []
  const products = new Set<number>()
  let commands = 0
  for (const one of gathered) {
    const own = one.batch.commands
    commands += own.length
    const isTooMuch = commands > BATCH_MAX_DEFAULT
    if (group.length > 0 && (isTooMuch || own.some(({ productId }) => products.has(productId)))) {
      rest.push(one)
    } else {
      group.push(one)
      for (const { productId } of own) products.add(productId)
    }
  }
  return { group, rest }
}
