/** One api or worker as a real child process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

export type Process = {
  readonly pid: number
  /** All that it wrote so far. */
  output(): string
  send(signal: NodeJS.Signals): void
  /** Waits for its end, and tells its exit code; null after a signal. */
  ended(): Promise<number | null>
  isRunning(): boolean
}

const END_MS_MAX = 15_000

const mains = {
  api: fileURLToPath(new URL('../../apps/api/src/main.ts', import.meta.url)),
  worker: fileURLToPath(new URL('../../apps/worker/src/main.ts', import.meta.url)),
}

/** What each of its threads waits for, as the kernel says. */
function threadsOf(pid = 0): string {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return 'it is gone'
  const told = (thread: string, file: string) => readFileSync(`${tasks}/${thread}/${file}`, 'utf8')
  return readdirSync(tasks)
    .map((thread) =>
      ['comm', 'wchan', 'syscall'].map((file) => told(thread, file).trim()).join(' '),
    )
    .join('\n')
}

export function startProcess(app: keyof typeof mains, env: Record<string, string>): Process {
  const { NODE_OPTIONS: _ours, VITEST: _flag, ...inherited } = process.env
  const child: ChildProcess = spawn(process.execPath, [mains[app]], {
    // Any port: several workers run side by side.
    env: { ...inherited, METRICS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (output += data.toString()))
  const { promise: exit, resolve } = Promise.withResolvers<number | null>()
  let isRunning = true
  child.once('exit', (code) => {
    isRunning = false
    resolve(code)
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    send: (signal) => void child.kill(signal),
    async ended() {
      const what = () => `${app} ends\n${output}\n${threadsOf(child.pid)}`
      await until(() => !isRunning, { withinMs: END_MS_MAX, what })
      return exit
    },
    isRunning: () => isRunning,
  }
}
