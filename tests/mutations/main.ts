/** `node tests/mutations/main.ts [--rows] [words of names]`: each mutation on a copy of the sources, and what caught it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MUTATIONS, type Mutation, type Suite } from './mutations.ts'
import { playRow, type RowResult } from './row.ts'
import { runSuite, type SuiteResult } from './suite.ts'
import { copyWorkspace, mutate } from './workspace.ts'

type Verdict = {
  readonly mutation: Mutation
  readonly result: SuiteResult
  /** Null where no row was asked for. */
  readonly played: RowResult | null
}

/** What it ends with. */
const CAUGHT = 0
const SURVIVED = 1
const COULD_NOT_RUN = 2

const ROWS = '--rows'
const withRows = process.argv.includes(ROWS)
const words = process.argv
  .slice(2)
  .filter((word) => word !== ROWS)
  .map((word) => word.toLowerCase())
const chosen = MUTATIONS.filter(({ name }) =>
  words.every((word) => name.toLowerCase().includes(word)),
)
if (chosen.length === 0) {
  const names = MUTATIONS.map(({ name }) => `  ${name}`).join('\n')
  console.error(`No mutation is called ${words.join(' ')}. There are\n${names}`)
  process.exit(COULD_NOT_RUN)
}
const folder = mkdtempSync(
  join(process.env['FLASHLANE_MUTATIONS_FOLDER'] ?? tmpdir(), 'mutations-'),
)
try {
  copyWorkspace(folder)
  process.exitCode = await run(chosen)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function run(mutations: readonly Mutation[]): Promise<number> {
  if (!(await areGreen(mutations))) return COULD_NOT_RUN
  const verdicts: Verdict[] = []
  for (const mutation of mutations) {
    const mend = mutate(folder, mutation.edits)
    const result = await runSuite(folder, mutation.suite)
    const played = await playedOf(mutation)
    mend()
    verdicts.push({ mutation, result, played })
    console.log(lineOf({ mutation, result, played }))
  }
  const caught = verdicts.filter(isCaught).length
  console.log(`\n${caught} of ${verdicts.length} mutations were caught.`)
  return caught === verdicts.length ? CAUGHT : SURVIVED
}

/** Without a mutation, what is to catch it is green: else it would be red for another reason. */
async function areGreen(mutations: readonly Mutation[]): Promise<boolean> {
  const suites = Map.groupBy(
    mutations.map(({ suite }) => suite),
    ({ file }) => file,
  )
  for (const [file, own] of suites) {
    const result = await runSuite(folder, together(own))
    const { passed, failed, broke, tookS } = result
    if (passed === 0 || failed.length > 0 || broke !== null) {
      console.error(`${file} is not green without a mutation: ${broke ?? failed[0]?.message}`)
      return false
    }
    console.log(`sound     ${passed} tests of ${file} are green (${tookS.toFixed(1)} s)`)
  }
  const rows = new Set(mutations.flatMap(({ row }) => (withRows ? (row ?? []) : [])))
  for (const row of rows) {
    const { blaming, broke, tookS } = await playRow(folder, row)
    if (blaming.length > 0 || broke !== null) {
      console.error(`row ${row} is blamed without a mutation: ${broke ?? blaming.join(', ')}`)
      return false
    }
    console.log(`sound     no checker blames row ${row} (${tookS.toFixed(1)} s)`)
  }
  console.log()
  return true
}

/** Of one file; all of its tests where one wants them all. */
function together(suites: readonly Suite[]): Suite {
  const [first] = suites
  if (!first) throw new Error('no suite')
  const { project, file } = first
  const patterns = suites.flatMap(({ tests }) => tests ?? [])
  const isAll = patterns.length < suites.length
  return { project, file, ...(isAll ? {} : { tests: [...new Set(patterns)].join('|') }) }
}

/** By its tests, and where a row was played by a checker, too. */
function isCaught({ result, played }: Verdict): boolean {
  return result.failed.length > 0 && (played === null || played.blaming.length > 0)
}

async function playedOf({ row }: Mutation): Promise<RowResult | null> {
  return withRows && row !== undefined ? playRow(folder, row) : null
}

function lineOf(verdict: Verdict): string {
  const { mutation, result } = verdict
  const [first, ...others] = result.failed
  const head = `${isCaught(verdict) ? 'caught   ' : 'SURVIVED '} ${mutation.name} (${result.tookS.toFixed(1)} s)`
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  const lines = first
    ? [`by ${mutation.suite.project}: ${first.name}${more}`, first.message]
    : [`${mutation.suite.file}: ${result.broke ?? `${result.passed} tests are green`}`]
  return [head, ...[...lines, ...rowLineOf(verdict)].map((line) => `            ${line}`)].join(
    '\n',
  )
}

function rowLineOf({ mutation, played }: Verdict): readonly string[] {
  if (!played) return []
  const blaming = played.blaming.length === 0 ? 'no checker' : played.blaming.join(', ')
  return [`by row ${mutation.row}: ${played.broke ?? blaming} (${played.tookS.toFixed(1)} s)`]
}
