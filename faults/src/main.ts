/** npm run faults: plays what is asked for, judges it, and leaves nothing behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseFaultsOptions } from '../../scripts/faults-options.mjs'
import { complain, say } from '../../scripts/progress.mjs'
import { createMysqls } from './mysqls.ts'
import { randomSchedule } from './random-schedule/schedule.ts'
import { openReport } from './report/report.ts'
import { summaryOf } from './report/summary.ts'
import { writeReport } from './report/write.ts'
import type { Row } from './row.ts'
import { rows } from './rows/all.ts'
import { runRow } from './run-row.ts'
import { soak } from './soak/soak.ts'

const CODE_WHEN_STOPPED = 130
const SIGNAL_MS = 200

const options = parseFaultsOptions(process.argv.slice(2))
const { only, minutes, seed, patience } = options
const folder = mkdtempSync(join(process.env['FLASHLANE_FAULTS_FOLDER'] ?? tmpdir(), 'faults-'))
const mysqls = createMysqls({ folder, url: options.url })
let isEnding = false
process.once('SIGINT', () => end(CODE_WHEN_STOPPED))
process.once('SIGTERM', () => end(CODE_WHEN_STOPPED))

try {
  const code = await run()
  await mysqls.close()
  end(code)
} catch (error) {
  // What was asked to stop breaks off in many ways, some before the signal arrives here.
  await sleep(SIGNAL_MS)
  if (!isEnding) complain(error)
  end(1)
}

async function run(): Promise<number> {
  say(`Seed ${seed}${patience === 1 ? '' : `, patience ${patience}`}`)
  const report = await openReport({ seed, patience, mysqlUrl: await mysqls.shared() })
  let isWhole = only === undefined
  const play = async (row: Row, seedOfRow: number) => {
    say(`- ${row.id}. ${row.title} ...`)
    const told = (line: string) => say(`    ${line}`)
    const result = await runRow(row, { seed: seedOfRow, patience, folder, mysqls, say: told })
    report.add(result)
    for (const problem of result.problems) say(`  WRONG: ${problem}`)
    if (result.problems.length === 0) say(`  ok, ${result.operations} operations`)
  }

  for (const row of rows) {
    if (only && !only.includes(row.id)) continue
    if (row.needsRoot && process.getuid?.() !== 0) {
      say(`- ${row.id}. ${row.title}: NOT PLAYED, since mounting a disk takes root`)
      isWhole = false
    } else await play(row, seed)
  }
  const endMs = performance.now() + minutes * 60_000
  if (only?.includes('random') ?? true) {
    for (let n = 0; performance.now() < endMs; n++) await play(randomSchedule(seed + n), seed + n)
  }

  if (only?.includes('soak')) await play(soak(minutes), seed)

  const finished = report.finish()
  say(`\n${summaryOf(finished)}`)
  say(`Written to ${writeReport(finished, { isWhole })}`)
  return finished.ok ? 0 : 1
}

/** What is still there is ended by children.ts. */
function end(code: number): void {
  if (isEnding) return
  isEnding = true
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}
