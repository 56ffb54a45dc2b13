/** Whoever is measured: Flashlane, or a peer of bench/peers. */
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../scripts/services.mjs'
import { type Child, launchNode } from '../children.ts'
import { maxMemoryMb } from '../proc.ts'
import type { Service } from '../scratch.ts'
import { until } from '../until.ts'

export const WAYS = {
  noop: 'no-op',
  flashlane: 'Flashlane',
  'redis-lua': 'Redis + Lua',
  'conditional-update': 'conditional UPDATE',
  'for-update': 'FOR UPDATE',
  bullmq: 'BullMQ, a job each',
} as const

export type Way = keyof typeof WAYS

export type Contestant = {
  readonly way: Way
  readonly url: string
  readonly children: readonly Child[]
  /** Whose processor time is counted too. */
  readonly services?: readonly Service[]
  /** Units that it says it granted so far; null for one that keeps no stock. */
  granted(): Promise<number | null>
  /** What is wrong in its books, in words. */
  audit(): Promise<readonly string[]>
  stop(): Promise<void>
}

const READY_MS_MAX = 60_000

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Starts a server of ours on a free port, and waits until it says that it lives. */
export async function launchServer(
  name: string,
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<{ child: Child; url: string }> {
  const port = await freePort()
  const child = launchApp(name, file, { ...env, PORT: String(port), HOST: '127.0.0.1' })
  const url = `http://127.0.0.1:${port}`
  await until(
    () => {
      if (!child.isRunning()) throw new Error(`${name} ended:\n${child.complaint()}`)
      return fetch(`${url}/livez`).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    { withinMs: READY_MS_MAX, what: `${name} listens` },
  )
  return { child, url }
}

/** `file` is counted from the root of the repository. */
export const launchApp = (
  name: string,
  file: string,
  env: Readonly<Record<string, string>>,
): Child => launchNode(name, root + file, { env: { ...AS_IN_PRODUCTION, ...env } })

/** What the image of the Dockerfile says. */
const AS_IN_PRODUCTION = { NODE_ENV: 'production', NODE_OPTIONS: '--max-semi-space-size=32' }

/** All whose processor time counts. */
export const processesOf = ({ children, services = [] }: Contestant) => [...children, ...services]

/** The most that each process ever took, in MB. */
export const memoryOf = ({ children }: Contestant): Record<string, number> =>
  Object.fromEntries(children.map((child) => [child.name, maxMemoryMb(child.pid)]))
