/**
 * Batches that several lanes have at the same time share a transaction: a commit costs the same for one lane and for ten.
 * A lane that is alone never waits. While transactions run, batches gather for the next one.
 */
import { BATCH_BYTES_MAX, BATCH_MAX_DEFAULT, bytesOf } from '@flashlane/core'
import { type Applied, applyTogether, type Batch, type Store } from './apply.ts'

/** So many at a time: MySQL works on one while the worker decides the other. */
const TRANSACTIONS_MAX = 2
/** Longer than a transaction takes, and nothing to a buyer. One that waits for a lock, or for MySQL, keeps no other lane. */
const GATHER_MS_MAX = 25

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

type Options = { readonly transactionsMax?: number; readonly timers?: Timers }

/** Whatever keeps batches from going together, each then goes `alone`. */
export function createJoint(
  store: Store,
  { transactionsMax = TRANSACTIONS_MAX, timers = realTimers }: Options = {},
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
      if (gathered.length > 0) void run()
      startNext()
    })
  }

  async function run(): Promise<void> {
    const { group, rest } = groupOf(gathered)
    gathered = rest
    running++
    await apply(store, group)
    running--
    startNext()
  }

  return (batch, alone) =>
    new Promise((resolve, reject) => {
      gathered.push({ batch, resolve, alone: () => alone().then(resolve, reject) })
      wake()
    })
}

/** Never rejects. */
async function apply(store: Store, group: readonly Gathered[]): Promise<void> {
  const batches = group.map(({ batch }) => batch)
  const together = group.length > 1 ? await applyTogether(store, batches).catch(() => null) : null
  if (together === null) await Promise.all(group.map(({ alone }) => alone()))
  else together.forEach((applied, i) => group[i]?.resolve(applied))
}

/** As many as a batch may have commands, in order. A lane whose job came twice has its second turn alone. */
function groupOf(gathered: readonly Gathered[]): { group: Gathered[]; rest: Gathered[] } {
  const group: Gathered[] = []
  const rest: Gathered[] = []
  const products = new Set<number>()
  let commands = 0
  let bytes = 0
  for (const one of gathered) {
    const own = one.batch.commands
    commands += own.length
    for (const command of own) bytes += bytesOf(command)
    const isTooMuch = commands > BATCH_MAX_DEFAULT || bytes > BATCH_BYTES_MAX
    if (group.length > 0 && (isTooMuch || own.some(({ productId }) => products.has(productId)))) {
      rest.push(one)
    } else {
      group.push(one)
      for (const { productId } of own) products.add(productId)
    }
  }
  return { group, rest }
}
