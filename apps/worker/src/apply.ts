/** Applies batches of commands in one transaction, and sees to it that none can stop its lane. */
import {
  beginBatch,
  type Command,
  type CommandBatch,
  type Decided,
  decideInto,
  invariant,
  isLostPayment,
  KEY_REUSED,
  noneGiven,
  type Outcome,
  type Product,
  type State,
} from '@flashlane/core'
import type { Apart, Applied as AppliedBefore, DeadLetterRow, Head, Open } from '@flashlane/db'
import { crowded, loadCustomers, makeRoom } from './room.ts'

export type Applied = {
  readonly outcomes: readonly Outcome[]
  /** Empty where the batch had been applied before. */
  readonly decided: readonly Decided[]
  readonly products: readonly Product[]
  readonly productIds: readonly number[]
  readonly nowMs: number | null
  /** Dead letters that were written with it now. */
  readonly letters: number
}

/** What applying needs of the database; packages/db gives it, a simulation may. */
export type Store = {
  open(heads: readonly Head[], commands: readonly Command[]): Promise<AppliedBefore | Apart | Open>
  bury(letters: readonly DeadLetterRow[], decided: readonly Decided[]): Promise<void>
  isTransient(error: unknown): boolean
  isDuplicateKey(error: unknown): boolean
  letter(batchId: string, n: number, buried: Decided, error: unknown): DeadLetterRow
}

export type Batch = Pick<CommandBatch, 'batchId' | 'commands'>

const DUPLICATE_KEY_TRIES_MAX = 3

/** Throws only what another try can mend; then nothing of the batch is applied. */
export async function applyBatch(store: Store, batch: Batch): Promise<Applied> {
  for (let duplicates = 0; duplicates < DUPLICATE_KEY_TRIES_MAX; duplicates++) {
    try {
      const [applied] = await applyTogether(store, [batch])
      if (applied) return applied
    } catch (error) {
      if (store.isTransient(error)) throw error
      // Somebody else was first with a key: the next look finds him in the journal or among the rows.
      if (!store.isDuplicateKey(error)) break
    }
  }
  try {
    return await applyOneByOne(store, batch)
  } catch (error) {
    if (store.isTransient(error)) throw error
    return await buryWhole(store, batch, error)
  }
}

const headOf = ({ batchId, commands }: Batch): Head => ({
  batchId,
  productIds: [...new Set(commands.map((command) => command.productId))].toSorted((a, b) => a - b),
})

/**
 * Several batches have no product in common. `null` for one that must go alone, with nothing of it applied: somebody keeps
 * its row, it was applied before, or it needs room made, which takes round trips while everybody waits.
 */
export async function applyTogether(
  store: Store,
  batches: readonly Batch[],
): Promise<readonly (Applied | null)[]> {
  const heads = batches.map(headOf)
  const commands = batches.flatMap((batch) => batch.commands)
  const open = await store.open(heads, commands)
  if (open.kind === 'apart') return batches.map(() => null)
  if (open.kind === 'applied') return heads.map((head) => appliedBefore(head, open.outcomes))
  try {
    const { state } = open
    await loadCustomers(open, state, commands)
    if (batches.length === 1) await makeRoom(open, state, commands)
    const isLeftOut = batches.map(
      (batch) => batches.length > 1 && crowded(state, batch.commands).length > 0,
    )
    heads.forEach(({ productIds }, i) => {
      if (isLeftOut[i]) productIds.forEach((id) => state.products.delete(id))
    })
    const decided = batches.map((batch, i) => (isLeftOut[i] ? [] : decideBatch(open, batch)))
    const letters = batches.map(({ batchId }, i) =>
      (decided[i] ?? []).flatMap((each, n) =>
        isLostPayment(each, state) ? [store.letter(batchId, n, each, KEY_REUSED)] : [],
      ),
    )
    const told = (of: readonly (readonly Decided[])[]) =>
      heads.map((head, i) =>
        isLeftOut[i]
          ? null
          : appliedNow(head, open, { decided: of[i] ?? [], letters: letters[i]?.length ?? 0 }),
      )
    if (decided.flat().every(isSilent)) {
      await open.abandon()
      return told([])
    }
    await open.finish(decided, letters.flat())
    return told(decided)
  } catch (error) {
    await open.abandon(error)
    throw error
  }
}

function decideBatch({ state, nowMs }: Open, batch: Batch): Decided[] {
  beginBatch(state, nowMs, headOf(batch).productIds)
  return batch.commands.map((command) => decideInto(state, command, nowMs))
}

/**
 * Batches of one lane, in its order: all of them, or the first where room may have to be made for them. Null, and nothing is
 * applied, where one was applied before or somebody keeps a row. Only of commands that bring no money: there are no letters.
 */
export async function applyInTurn(
  store: Store,
  batches: readonly Batch[],
): Promise<readonly Applied[] | null> {
  const heads = batches.map(headOf)
  const commands = batches.flatMap((batch) => batch.commands)
  const open = await store.open(heads, commands)
  if (open.kind !== 'open') return null
  try {
    await loadCustomers(open, open.state, commands)
    const isCrowded = crowded(open.state, commands).length > 0
    const taken = isCrowded ? batches.slice(0, 1) : batches
    if (isCrowded) await makeRoom(open, open.state, batches[0]?.commands ?? [])
    const decided = taken.map((batch) => decideBatch(open, batch))
    await open.finish(decided, [])
    return taken.map((batch, i) =>
      appliedNow(headOf(batch), open, { decided: decided[i] ?? [], letters: 0 }),
    )
  } catch (error) {
    await open.abandon(error)
    throw error
  }
}

/** Slower, and each command stands alone: the one that fails is answered `internal_error`, the others go on. */
async function applyOneByOne(store: Store, batch: Batch): Promise<Applied> {
  const head = headOf(batch)
  const open = await store.open([head], [])
  invariant(open.kind !== 'apart', 'one batch is never apart', { batchId: batch.batchId })
  if (open.kind === 'applied') return appliedBefore(head, open.outcomes)
  try {
    beginBatch(open.state, open.nowMs, head.productIds)
    const decided: Decided[] = []
    const letters: DeadLetterRow[] = []
    for (const [n, command] of batch.commands.entries()) {
      try {
        const alone = await open.step(command, async (state) => {
          const each = await decideAlone(open, state, command)
          if (isLostPayment(each, state)) {
            letters.push(store.letter(batch.batchId, n, each, KEY_REUSED))
          }
          return each
        })
        decided.push(alone)
      } catch (error) {
        if (store.isTransient(error)) throw error
        const failed = failedOf(command, open)
        await open.fail(failed)
        decided.push(failed)
        letters.push(store.letter(batch.batchId, n, failed, error))
      }
    }
    await open.finish([decided], letters)
    return appliedNow(head, open, { decided, letters: letters.length })
  } catch (error) {
    await open.abandon(error)
    throw error
  }
}

async function decideAlone(open: Open, state: State, command: Command): Promise<Decided> {
  await loadCustomers(open, state, [command])
  await makeRoom(open, state, [command])
  return decideInto(state, command, open.nowMs)
}

async function buryWhole(store: Store, batch: Batch, error: unknown): Promise<Applied> {
  const nowMs = Math.max(...batch.commands.map((command) => command.acceptedAtMs))
  const decided = batch.commands.map((command) => failedOf(command, { nowMs }))
  const letters = decided.map((each, n) => store.letter(batch.batchId, n, each, error))
  await store.bury(letters, decided)
  const outcomes = decided.map((each) => each.outcome)
  return { ...appliedBefore(headOf(batch), outcomes), letters: letters.length }
}

function failedOf(command: Command, { nowMs, state }: { nowMs: number; state?: State }): Decided {
  const product = state?.products.get(command.productId)
  return {
    command,
    outcome: { outcome: 'error', version: product?.version ?? 0 },
    changes: [],
    given: noneGiven(),
    appliedAtMs: product?.appliedAtMs ?? nowMs,
  }
}

/** An expiry that found nothing to expire: no entry, or idle lanes would fill the journal. */
const isSilent = ({ command, changes }: Decided): boolean =>
  command.type === 'ExpireDue' && changes.length === 0

const appliedBefore = ({ productIds }: Head, outcomes: readonly Outcome[]): Applied => ({
  outcomes,
  decided: [],
  products: [],
  productIds,
  nowMs: null,
  letters: 0,
})

const appliedNow = (
  { productIds }: Head,
  { state, nowMs }: Open,
  { decided, letters }: Pick<Applied, 'decided' | 'letters'>,
): Applied => ({
  outcomes: decided.map((each) => each.outcome),
  decided,
  products: decided.length > 0 ? productIds.flatMap((id) => state.products.get(id) ?? []) : [],
  productIds,
  nowMs,
  letters,
})
