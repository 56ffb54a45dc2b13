/** npm run bench: runs what is asked for, judges it, and leaves nothing behind. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseBenchOptions, SCENARIOS } from '../../scripts/bench-options.mjs'
import { complain, say } from '../../scripts/progress.mjs'
import type { Bench } from './bench.ts'
import { stopAll } from './children.ts'
import { lookAround } from './machine.ts'
import { planOf } from './plan.ts'
import { stolenSeconds } from './proc.ts'
import { hasFaults, type JudgedSection, judgeSection, type Report } from './report/report.ts'
import { printReport } from './report/terminal.ts'
import { writeReport } from './report/write.ts'
import { scenarios } from './scenarios/all.ts'
import { openScratch } from './scratch.ts'
import type { Section } from './section.ts'
import { tunePools } from './tune.ts'
import { required } from '../peers/serve.ts'

const CODE_WHEN_STOPPED = 130
const SIGNAL_MS = 200

const options = parseBenchOptions(process.argv.slice(2))
const plan = planOf(options)
const scratch = openScratch({ mysqlUrl: required('MYSQL_URL'), redisUrl: required('REDIS_URL') })
const bench: Bench = {
  plan,
  scratch,
  logLevel: options.logLevel,
  webhookSecret: process.env['WEBHOOK_SECRET']?.split(',')[0] || null,
  say: (line) => say(`  ${((performance.now() - startMs) / 1_000).toFixed(0)} s  ${line}`),
}
const startMs = performance.now()
let isEnding = false
process.once('SIGINT', () => void end(CODE_WHEN_STOPPED))
process.once('SIGTERM', () => void end(CODE_WHEN_STOPPED))

try {
  const code = options.tune ? await tunePools(bench) : await run()
  await end(code)
} catch (error) {
  // What was asked to stop breaks off in many ways, some before the signal arrives here: none of them is worth a word.
  await sleep(SIGNAL_MS)
  if (!isEnding) {
    complain(error)
    await end(1)
  }
}

async function run(): Promise<number> {
  const machine = await lookAround(scratch)
  const stolenBefore = stolenSeconds()
  const sections: JudgedSection[] = []
  for (const { ids, run: runScenario } of scenarios) {
    const asked = ids.filter((id) => options.scenarios.includes(id))
    if (asked.length === 0) continue
    say(`- ${asked.join(', ')} ...`)
    const section = judgeSection(
      await runScenario(bench, asked).catch((error: unknown) => broken(asked, error)),
    )
    sections.push(section)
    for (const { scenario, verdict, what } of section.claims)
      bench.say(`${scenario} ${verdict}: ${what}`)
    for (const fault of section.faults) bench.say(`WRONG: ${fault}`)
  }
  const tookS = (performance.now() - startMs) / 1_000
  const report: Report = {
    at: new Date().toISOString(),
    tookS,
    plan,
    logLevel: options.logLevel,
    machine,
    stolen: (stolenSeconds() - stolenBefore) / (tookS * navigator.hardwareConcurrency),
    sections,
  }
  printReport(report, say)
  const isWhole = !options.quick && options.scenarios.length === SCENARIOS.length
  say(`\nWritten to ${writeReport(report, { isWhole })}`)
  return hasFaults(report) ? 1 : 0
}

/** What broke off is told beside what was measured: half an hour of others' figures is not lost with it. */
async function broken(ids: readonly string[], error: unknown): Promise<Section> {
  await sleep(SIGNAL_MS)
  if (isEnding) throw error
  await stopAll()
  return {
    title: ids.join(', '),
    claims: [],
    ceiling: [],
    memory: [],
    faults: [`broke off: ${error instanceof Error ? error.message : String(error)}`],
    notes: [],
  }
}

async function end(code: number): Promise<void> {
  if (isEnding) return
  isEnding = true
  await stopAll()
  await scratch.close().catch(complain)
  process.exit(code)
}
