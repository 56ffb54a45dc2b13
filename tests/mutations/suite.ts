/** Runs a few tests of a copy, and tells which of them failed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Suite } from './mutations.ts'

export type SuiteResult = {
  readonly passed: number
  readonly failed: readonly { readonly name: string; readonly message: string }[]
  /** It did not come as far as its tests, or not to their end. */
  readonly broke: string | null
  readonly tookS: number
}

const SUITE_MS_MAX = 240_000

const report = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()),
        }),
      ),
    }),
  ),
})

export async function runSuite(
  folder: string,
  { project, file, tests }: Suite,
): Promise<SuiteResult> {
  const startMs = performance.now()
  const outcome = join(folder, 'outcome.json')
  rmSync(outcome, { force: true })
  const vitest = join('node_modules', 'vitest', 'vitest.mjs')
  const told = ['--reporter', 'json', '--outputFile', outcome]
  const only = tests === undefined ? [] : ['--testNamePattern', tests]
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--project', project, file, ...told, ...only],
    { cwd: join(folder, 'tests'), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => (output += String(data)))
  }
  const late = setTimeout(() => child.kill(), SUITE_MS_MAX)
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  clearTimeout(late)
  const tookS = (performance.now() - startMs) / 1_000
  if (signal !== null) return { passed: 0, failed: [], broke: `it was ended by ${signal}`, tookS }
  return { ...read(outcome, output), tookS }
}

function read(outcome: string, output: string): Omit<SuiteResult, 'tookS'> {
  if (!existsSync(outcome)) return { passed: 0, failed: [], broke: output.slice(-2_000) }
  const { testResults } = report.parse(JSON.parse(readFileSync(outcome, 'utf8')))
  const all = testResults.flatMap((each) => each.assertionResults)
  const failed = all
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages: [message = ''] }) => ({
      name: fullName.trim(),
      message: message.split('\n', 1)[0] ?? '',
    }))
  const passed = all.filter(({ status }) => status === 'passed').length
  const isEmpty = passed + failed.length === 0
  const broke = isEmpty ? testResults.map(({ message }) => message).join('\n') || 'no test' : null
  return { passed, failed, broke }
}
