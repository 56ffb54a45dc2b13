/** Plays a row of the fault matrix on a copy, and tells which checkers blamed it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export type RowResult = {
  /** Names of checkers, without C9: a machine may be slow for other reasons. */
  readonly blaming: readonly string[]
  readonly broke: string | null
  readonly tookS: number
}

const ROW_MS_MAX = 600_000
const SEED = 7
/** It is safety that is looked at, on a machine that may do other things besides. */
const PATIENCE = 4

const report = z.object({
  checkers: z.array(z.object({ checker: z.string(), violations: z.int() })),
})

export async function playRow(folder: string, row: number): Promise<RowResult> {
  const startMs = performance.now()
  const outcome = join(folder, 'faults', 'results', 'partial', 'latest.json')
  rmSync(outcome, { force: true })
  const dice = ['--seed', String(SEED), '--patience', String(PATIENCE)]
  const child = spawn(
    process.execPath,
    [join('faults', 'src', 'main.ts'), '--only', String(row), ...dice],
    {
      cwd: folder,
      env: { ...process.env, FLASHLANE_FAULTS_FOLDER: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => (output += String(data)))
  }
  const late = setTimeout(() => child.kill(), ROW_MS_MAX)
  await once(child, 'close')
  clearTimeout(late)
  const tookS = (performance.now() - startMs) / 1_000
  if (!existsSync(outcome)) return { blaming: [], broke: output.slice(-2_000), tookS }
  const { checkers } = report.parse(JSON.parse(readFileSync(outcome, 'utf8')))
  const blaming = checkers
    .filter(({ checker, violations }) => checker !== 'C9' && violations > 0)
    .map(({ checker }) => checker)
  return { blaming, broke: null, tookS }
}
