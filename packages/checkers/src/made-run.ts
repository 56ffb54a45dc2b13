/** For the tests of the checkers: a small run made by hand, with the journal that it left and what its clients saw. */
import { booksOf, makeHistory } from '@flashlane/audit/history.ts'
import type { Command, Outcome } from '@flashlane/core'
import { PRODUCT_ID } from '@flashlane/core/builders.ts'
import { shouldSay } from './answers.ts'
import { checkAll } from './check-all.ts'
import type { Operation, OperationName } from './history.ts'
import type { Checker, Run } from './run.ts'

const NAMES: Partial<Record<Command['type'], OperationName>> = {
  PlaceHold: 'hold',
  ExtendHold: 'extend',
  ReleaseHold: 'release',
  PlaceOrder: 'order',
  CancelOrder: 'cancel',
  RecordPayment: 'webhook',
}

type Seen = Partial<Operation>
type Sending = { readonly command: Command; readonly seen: Seen }

export type MadeRun = ReturnType<typeof makeRun>

export function makeRun(product: { stockTotal?: number } = {}) {
  const past = makeHistory(product)
  const operations: Operation[] = []
  let clock = 0
  let drawn = 0

  const operation = (seen: Seen & Pick<Operation, 'op'>): Operation => ({
    process: 'ann',
    product: PRODUCT_ID,
    requestId: `r${++drawn}`,
    key: null,
    commandId: null,
    body: null,
    t0: ++clock,
    t1: ++clock,
    kind: 'ok',
    status: 200,
    result: null,
    ...seen,
  })

  function note(seen: Seen & Pick<Operation, 'op'>): Operation {
    const noted = operation(seen)
    operations.push(noted)
    return noted
  }

  return {
    ...past,
    operations,

    /** One batch; each command was sent after the one before was answered, unless `seen` says otherwise. */
    apply(...sendings: readonly Sending[]): readonly Operation[] {
      const sent = sendings.map(({ command, seen }) => {
        const op = NAMES[command.type]
        if (!op) throw new Error(`no client sends ${command.type}`)
        const key = command.type === 'RecordPayment' ? command.eventKey : null
        return operation({ op, key, commandId: command.commandId, ...seen })
      })
      const decided = past.apply(
        ...sendings.map(({ command }, i) => ({ ...command, requestId: sent[i]?.requestId })),
      )
      return sent.map((each, i) => {
        const { type } = sendings[i]?.command ?? {}
        const outcome = decided[i]?.outcome
        const { seen } = sendings[i] ?? {}
        if (!type || !outcome) throw new Error('a command without an outcome')
        return note({ ...each, ...answerOf(type, outcome), ...seen })
      })
    },

    /** Applied, and no client sent it. */
    applyOwn: past.apply,

    /** A read, a poll, or an attempt that left nothing in the journal. */
    note,

    read: (seen: Seen = {}): Operation => {
      const { version, held, sold, stockTotal } = past.state.products.get(PRODUCT_ID) ?? {}
      return note({ op: 'read', result: { version, held, sold, stock_total: stockTotal }, ...seen })
    },
  }
}

export const sends = (command: Command, seen: Seen = {}): Sending => ({ command, seen })

function answerOf(type: Command['type'], outcome: Outcome): Pick<Operation, 'status' | 'result'> {
  const { status_code: status = 409, ...result } = shouldSay(type, outcome)
  return { status: status as number, result }
}

/** What the checkers say: `C3 2.0: sentence`, seq and index. */
export async function told(
  { operations, state, journal }: Pick<MadeRun, 'operations' | 'state' | 'journal'>,
  more: Partial<Run> = {},
): Promise<readonly string[]> {
  const report = await reportOf({ operations, state, journal }, more)
  return report.violations.map(
    ({ checker, seq, index, sentence }) => `${checker} ${seq ?? '-'}.${index ?? '-'}: ${sentence}`,
  )
}

export const reportOf = (
  { operations, state, journal }: Pick<MadeRun, 'operations' | 'state' | 'journal'>,
  more: Partial<Run> = {},
) =>
  checkAll({
    history: operations,
    books: booksOf({ state, journal }),
    pause: async () => {},
    ...more,
  })

export const only = (checker: Checker, sentences: readonly string[]): readonly string[] =>
  sentences.filter((each) => each.startsWith(`${checker} `))
