/** One seed: a sale with faults, then everything mended, then every promise checked. */
import { audit, parseLedgerLine } from '@flashlane/audit'
import { formatId } from '@flashlane/core'
import { ask } from './actors/ask.ts'
import { runBuyer } from './actors/buyer.ts'
import { runLastMinute } from './actors/last-minute.ts'
import { runOperator } from './actors/operator.ts'
import { createProvider } from './actors/provider.ts'
import { runTwins } from './actors/twins.ts'
import { checkAnswers, checkOrder, checkPayments, checkTimes } from './checks/answers.ts'
import { checkDeadlines } from './checks/deadlines.ts'
import { checkMoney } from './checks/money.ts'
import { readJournal } from './checks/journal.ts'
import { leftUndone } from './checks/liveness.ts'
import { type FaultName, planFaults } from './faults.ts'
import { createHistory, type History } from './history.ts'
import type { Mutation } from './mutations.ts'
import { booksOf } from './mysql/books.ts'
import { createStage, type Stage } from './stage.ts'
import { createWorld, type World } from './world.ts'

const SALE_MS = 8_000
/** From the mending until somebody new is served. */
const RECOVERY_MS_MAX = 10_000
/** From the mending until all that was begun has ended: parked payments wait for their orders longest. */
const QUIET_MS_MAX = 75_000
const LOOK_EACH_MS = 1_000

export type Run = {
  readonly seed: number
  readonly violations: readonly string[]
  /** That happened. */
  readonly faults: number
  readonly hash: string
  readonly lines: readonly string[]
  readonly steps: number
  readonly operations: number
  readonly answered: number
}

export type Options = {
  /** A rule that is broken. */
  readonly mutation?: Mutation | null
  /** What goes wrong, in place of what the seed draws. */
  readonly faults?: readonly FaultName[] | null
  readonly lastsMs?: readonly [number, number] | undefined
}

export async function run(
  seed: number,
  { mutation = null, faults: chosen = null, lastsMs }: Options = {},
): Promise<Run> {
  const world = createWorld({ seed, mutation })
  const { schedule, random, trace } = world
  const stage = createStage(world, {
    apis: 1 + random.below(2),
    workers: 1 + random.below(3),
    stock: random.pick([[4], [12], [4, 8], [3, 5, 7]]),
    layout: random.pick([{ kind: 'per-product' }, { kind: 'shared', lanes: 1 }] as const),
  })
  const history = createHistory()
  const asking = { world, stage, history }
  const provider = createProvider(asking)
  const isOver = () => schedule.nowMs() >= SALE_MS
  const faults = planFaults(stage, world, { untilMs: SALE_MS, chosen, lastsMs })
  trace.add('run', `seed ${seed}: ${faults.join(', ')}`)
  const buyers = 2 + random.below(6)
  for (let n = 1; n <= buyers; n++) {
    void runBuyer({ ...asking, provider, isOver }, `buyer${n}`)
  }
  for (let n = random.below(5); n > 0; n--) void runLastMinute({ ...asking, isOver }, `last${n}`)
  void runOperator({ ...asking, isOver })
  void runTwins({ ...asking, provider, isOver })

  await schedule.runUntil(SALE_MS)
  trace.add('run', 'all is mended')
  stage.heal()
  void canary(world, stage, history)
  const isQuiet = () => provider.isIdle() && leftUndone({ stage, history }).length === 0
  for (let ms = LOOK_EACH_MS; ms <= QUIET_MS_MAX; ms += LOOK_EACH_MS) {
    await schedule.runUntil(SALE_MS + ms)
    if (isQuiet()) break
  }
  for (const sentence of leftUndone({ stage, history })) world.blame(`${sentence} (C9)`)
  const blame = world.blame
  const journal = readJournal(stage.mysql.tables, blame)
  const checking = { world, stage, history, journal, blame }
  checkAnswers(checking)
  checkOrder(checking)
  checkTimes(checking)
  checkPayments(checking)
  checkMoney(checking)
  checkDeadlines(checking)
  await checkBooks(world, stage, history)
  return {
    seed,
    violations: world.violations,
    faults: world.faults(),
    hash: trace.hash(),
    lines: trace.lines(),
    steps: schedule.steps(),
    operations: history.operations.length,
    answered: history.operations.filter(({ endMs }) => endMs !== null).length,
  }
}

/** Somebody new, of each product: served within the time of recovery. */
async function canary(world: World, stage: Stage, history: History): Promise<void> {
  const startMs = world.schedule.nowMs()
  const served = stage.productIds.map((productId) => {
    const x = world.draw()
    return ask(
      { world, stage, history },
      {
        type: 'PlaceHold',
        commandId: formatId('cmd', productId, x),
        productId,
        acceptedAtMs: 1,
        holdId: formatId('hold', productId, x),
        quantity: 1,
        ttlMs: 3_000,
        customerRef: null,
      },
      { who: 'canary', isKeyed: true, waitMs: 2_000 },
    )
  })
  await Promise.all(served)
  const tookMs = world.schedule.nowMs() - startMs
  world.trace.add('canary', `served after ${tookMs.toFixed(0)} ms`)
  if (tookMs > RECOVERY_MS_MAX) {
    world.blame(`a new buyer was served ${tookMs.toFixed(0)} ms after all was mended (G7)`)
  }
}

/** The product's own audit: conservation, replay, money against the provider's ledger, holds. */
async function checkBooks(world: World, { mysql }: Stage, history: History): Promise<void> {
  const lines = [...history.captured.values()].map((captured, n) =>
    parseLedgerLine(JSON.stringify(captured), n),
  )
  const ledger = new Map(lines.map((line) => [line.reference, line]))
  const report = await audit(booksOf(mysql.tables), { ledger, pause: async () => {} })
  for (const { checker, sentence, productId, seq } of report.violations) {
    world.blame(`${checker} at ${productId ?? '-'}/${seq ?? '-'}: ${sentence}`)
  }
}
