/** Plays a row: a stage, a crowd, the fault, and then the demands that hold after every fault. */
import { checkAll, type Recovery, type RunReport, type Series } from '@flashlane/checkers'
import { withSnapshot } from '@flashlane/db'
import { setImmediate as pause, setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../tests/support/until.ts'
import { type Load, startLoad } from './load/load.ts'
import type { Mysqls } from './mysqls.ts'
import { createRandom } from './random.ts'
import { timeRecovery } from './recovery.ts'
import type { Row, Scene } from './row.ts'
import { comesToRest } from './rest.ts'
import { describeSeries } from './soak/describe.ts'
import { openStage, type Stage } from './stage/stage.ts'

export type RowResult = {
  readonly id: Row['id']
  readonly title: string
  readonly seed: number
  readonly operations: number
  readonly decided: number
  readonly faults: readonly string[]
  readonly recoveries: readonly Recovery[]
  readonly report: RunReport | null
  /** In words; none where all is well. */
  readonly problems: readonly string[]
  readonly tookS: number
}

export type RowContext = {
  readonly seed: number
  /** Budgets are multiplied by it: for a machine that does other things besides. */
  readonly patience: number
  readonly folder: string
  readonly mysqls: Mysqls
  say(line: string): void
}

/** Enough, before anything is broken, that every product has sold. */
const WARM_UP = 60
const SELLS_MS_MAX = 60_000
const SETTLE_MS_MAX = 60_000
const OUTPUT_TAIL = 3_000

export async function runRow(row: Row, context: RowContext): Promise<RowResult> {
  const { seed, patience, folder, mysqls, say } = context
  const startMs = performance.now()
  const random = createRandom(seed)
  const faults: string[] = []
  const recoveries: Recovery[] = []
  const problems: string[] = []
  const series: Series[] = []
  const own = row.breaksMysql ? await mysqls.own(row.mysql) : null
  const place = { folder, mysql: own, mysqlUrl: own?.url ?? (await mysqls.shared()) }
  const stage = await openStage(place, row.stage ?? {})
  let load: Load | null = null
  let report: RunReport | null = null
  try {
    load = await startLoad(stage, random, row.load ?? {})
    const scene = makeScene(
      { stage, load, random, patience },
      { faults, recoveries, problems, series, say },
    )
    await scene.sells(WARM_UP)
    await row.run(scene)
    const unknown = await load.stop(SETTLE_MS_MAX * patience)
    if (unknown > 0) problems.push(`${unknown} purchases never learnt an outcome`)
    problems.push(
      ...(await comesToRest(stage, load, { withinMs: SETTLE_MS_MAX * patience, patience })),
    )
    problems.push(...(await stage.halt()))
    report = await judge(stage, load, { row, recoveries, series, patience })
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
    problems.push(...outputsOf(stage))
    await load?.stop(0)
    await stage.halt()
  } finally {
    await load?.provider.stop()
    await stage.close()
  }
  for (const { checker, sentence } of report?.violations ?? []) {
    problems.push(`${checker}: ${sentence}`)
  }
  return {
    id: row.id,
    title: row.title,
    seed,
    operations: load?.recorder.operations.length ?? 0,
    decided: load?.decided() ?? 0,
    faults,
    recoveries,
    report,
    problems,
    tookS: (performance.now() - startMs) / 1_000,
  }
}

type Told = {
  readonly faults: string[]
  readonly recoveries: Recovery[]
  readonly problems: string[]
  readonly series: Series[]
  say(line: string): void
}

function makeScene(
  base: Pick<Scene, 'stage' | 'load' | 'random' | 'patience'>,
  { faults, recoveries, problems, series, say }: Told,
): Scene {
  const { stage, load, patience } = base
  return {
    ...base,
    say,
    note(fault) {
      faults.push(fault)
      say(fault)
    },
    async sells(count) {
      const wanted = load.decided() + count
      await until(() => load.decided() >= wanted, {
        withinMs: SELLS_MS_MAX * patience,
        what: `${count} further commands have their outcome`,
      })
    },
    measured(each) {
      series.push(each)
      say(describeSeries(each))
    },
    async lasts(ms) {
      await sleep(ms)
    },
    async recovers(from, budgetMs) {
      const tookMs = await timeRecovery(stage, load)
      recoveries.push({ fault: from, tookMs, budgetMs })
      const took = tookMs === null ? 'not within a minute' : `${Math.round(tookMs)} ms`
      say(`${from}: sells again after ${took} (budget ${budgetMs} ms)`)
    },
    demand(isTrue, sentence) {
      if (!isTrue) problems.push(sentence)
    },
  }
}

type Judged = Pick<RowContext, 'patience'> &
  Pick<Told, 'recoveries' | 'series'> & { readonly row: Row }

async function judge(
  { database }: Stage,
  { provider, recorder }: Load,
  { row, recoveries, series, patience }: Judged,
): Promise<RunReport> {
  const report = await withSnapshot(database, (books) =>
    checkAll({
      history: recorder.operations,
      books,
      ledger: provider.ledger,
      recoveries,
      series,
      patience,
      lostRedis: row.losesRedis ?? false,
      pause,
    }),
  )
  return row.reorders ? withoutOrder(report) : report
}

/** Of batches that were worked side by side, none need be first. */
function withoutOrder({ checkers, violations }: RunReport): RunReport {
  const judged = checkers.filter(({ checker }) => checker !== 'C6')
  return {
    ok: judged.every((each) => each.violations === 0),
    checkers: judged,
    violations: violations.filter(({ checker }) => checker !== 'C6'),
  }
}

const outputsOf = ({ apis, workers }: Stage): string[] =>
  [...apis, ...workers].map(
    (each) => `process ${each.pid} wrote:\n${each.output().slice(-OUTPUT_TAIL)}`,
  )
