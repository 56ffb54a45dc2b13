/** The operators' command line as a real process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ADMIN_TOKEN } from './flashlane.ts'

const MAIN = fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url))

export type Said = { readonly code: number | null; readonly out: string; readonly err: string }

export type CommandLine = {
  /** Runs a command to its end. */
  run(...args: readonly string[]): Promise<Said>
  /** Runs one with --json, which has to end with 0. */
  json<Value = Record<string, unknown>>(...args: readonly string[]): Promise<Value>
  /** Starts one, and does not wait for its end. */
  start(...args: readonly string[]): {
    readonly child: ChildProcess
    out(): string
    ended(): Promise<Said>
  }
}

export function commandLine(url: string, token: string = ADMIN_TOKEN): CommandLine {
  function start(...args: readonly string[]) {
    const { FLASHLANE_FOUND: _, ...inherited } = process.env
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...inherited, FLASHLANE_URL: url, ADMIN_TOKEN: token },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { out: '', err: '' }
    child.stdout.on('data', (data: Buffer) => (said.out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (said.err += data.toString()))
    const closed = once(child, 'close') as Promise<[number | null]>
    const ended = async (): Promise<Said> => {
      const [code] = await closed
      return { code, ...said }
    }
    return { child, out: () => said.out, ended }
  }

  const run = (...args: readonly string[]) => start(...args).ended()

  return {
    run,
    start,
    async json<Value>(...args: readonly string[]) {
      const { code, out, err } = await run(...args, '--json')
      if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${err}${out}`)
      return JSON.parse(out) as Value
    },
  }
}
