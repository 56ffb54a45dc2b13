/** `node tests/mutations/main.ts [words of names]`: each mutation on a copy of the sources, and the test that caught it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MUTATIONS, type Mutation, type Suite } from './mutations.ts'
import { runSuite, type SuiteResult } from './suite.ts'
import { copyWorkspace, mutate } from './workspace.ts'

type Verdict = { readonly mutation: Mutation; readonly result: SuiteResult }

/** What it ends with. */
const CAUGHT = 0
const SURVIVED = 1
const COULD_NOT_RUN = 2

const words = process.argv.slice(2).map((word) => word.toLowerCase())
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
    mend()
    verdicts.push({ mutation, result })
    console.log(lineOf({ mutation, result }))
  }
  const caught = verdicts.filter(({ result }) => isCaught(result)).length
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

function isCaught({ failed }: SuiteResult): boolean {
  return failed.length > 0
}

function lineOf({ mutation: { name, suite }, result }: Verdict): string {
  const took = `${result.tookS.toFixed(1)} s`
  const [first, ...others] = result.failed
  if (!first) {
    const why = result.broke === null ? `${result.passed} tests are green` : result.broke
    return `SURVIVED  ${name} (${took})\n            ${suite.file}: ${why}`
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return [
    `caught    ${name} (${took})`,
    `            by ${suite.project}: ${first.name}${more}`,
    `            ${first.message}`,
  ].join('\n')
}
