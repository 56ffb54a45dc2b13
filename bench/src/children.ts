/** Child processes of the bench: started here, ended here by their ids, whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const END_MS_MAX = 15_000
const OUTPUT_MAX = 1_000_000
const TAIL = 2_000

export type Child = {
  readonly name: string
  readonly pid: number
  /** What it wrote to its standard output so far. */
  output(): string
  /** The end of what it wrote to its standard error. */
  complaint(): string
  isRunning(): boolean
  /** Its exit code; null after a signal. */
  readonly ended: Promise<number | null>
  stop(): Promise<void>
}

type Launch = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const alive = new Set<Child>()

export function launch({ name, command, args, env = {} }: Launch): Child {
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let complaint = ''
  child.stdout?.on('data', (data: Buffer) => (output = (output + data).slice(-OUTPUT_MAX)))
  child.stderr?.on('data', (data: Buffer) => (complaint = (complaint + data).slice(-TAIL)))
  const { promise: ended, resolve } = Promise.withResolvers<number | null>()
  let isRunning = true
  const end = (code: number | null) => {
    isRunning = false
    alive.delete(self)
    resolve(code)
  }
  child.once('close', end)
  child.once('error', (error) => {
    complaint = String(error)
    end(null)
  })
  const self: Child = {
    name,
    pid: child.pid ?? 0,
    output: () => output,
    complaint: () => complaint,
    isRunning: () => isRunning,
    ended,
    async stop() {
      if (!isRunning) return
      child.kill('SIGTERM')
      await Promise.race([ended, sleep(END_MS_MAX, null, { ref: false })])
      if (isRunning) child.kill('SIGKILL')
      await ended
    },
  }
  alive.add(self)
  return self
}

/** A program of the bench or the product, under the Node that runs this. */
export const launchNode = (
  name: string,
  file: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Readonly<Record<string, string>> },
): Child => launch({ name, command: process.execPath, args: [file, ...args], env })

/** Runs to its end, and gives what it wrote. */
export async function outputOf(child: Child): Promise<string> {
  const code = await child.ended
  if (code !== 0) throw new Error(`${child.name} ended with ${code}:\n${child.complaint()}`)
  return child.output()
}

export async function stopAll(): Promise<void> {
  await Promise.all([...alive].map((child) => child.stop()))
}
