/** A real redis-server or mysqld of our own: killed, frozen and started again with the data that it left. */
import { join } from 'node:path'
import { send } from '../../../scripts/processes.mjs'
import { freePort, startMysql, startRedis } from '../../../scripts/services.mjs'
import { endAtExit } from './children.ts'
import type { Env } from './stage.ts'
import { type Disk, mountDisk } from './tmpfs.ts'

export type Server = {
  readonly url: string
  readonly folder: string
  pid(): number
  /** kill -9. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** Again, with the same data and port; returns once it answers. */
  start(): Promise<void>
  freeze(): void
  thaw(): void
}

type Started = Awaited<ReturnType<typeof startRedis>>

const PASSWORD = 'of-a-stage'

/** Small and quick to start; commits stay durable, since that is what is tried. */
const MYSQL_SETTINGS = [
  '--skip-log-bin',
  '--innodb-buffer-pool-load-at-startup=OFF',
  '--innodb-buffer-pool-dump-at-shutdown=OFF',
]

export async function openRedis(folder: string): Promise<Server> {
  const port = await freePort()
  return openServer(folder, () => startRedis({ folder, port, password: PASSWORD, onLaunch }))
}

export type MysqlServer = Server & {
  readonly urls: { readonly app: string; readonly migrate: string }
  /** The disk that its data is on, where it has one of its own. */
  readonly disk: Disk | null
}

export type MysqlNeeds = {
  /** Further arguments of the server. */
  readonly settings?: readonly string[]
  /** Added to its environment. */
  readonly env?: Env
  /** The size of a disk of its own. */
  readonly diskMb?: number
}

export async function openMysql(
  parent: string,
  { settings = [], env = {}, diskMb }: MysqlNeeds = {},
): Promise<MysqlServer> {
  const folder = join(parent, 'mysql')
  const disk = diskMb === undefined ? null : mountDisk(folder, diskMb)
  const options = {
    folder,
    port: await freePort(),
    password: PASSWORD,
    bufferPool: '64M',
    settings: [...MYSQL_SETTINGS, ...settings],
    onLaunch,
    env: { ...process.env, ...env },
  }
  const server = await openServer(folder, () => startMysql(options))
  return {
    ...server,
    disk,
    async stop() {
      await server.stop()
      disk?.unmount()
    },
  }
}

const onLaunch = ({ pid }: { pid: number }) => endAtExit(pid)

async function openServer<Kind extends Started>(
  folder: string,
  start: () => Promise<Kind>,
): Promise<Server & Pick<Kind, Exclude<keyof Kind, keyof Started>>> {
  let started = await start()
  const signal = (name: NodeJS.Signals) => send(started.child.pid, name, false)
  return {
    ...started,
    url: started.url,
    folder,
    pid: () => started.child.pid,
    kill: () => started.kill(),
    stop() {
      signal('SIGCONT')
      return started.stop()
    },
    async start() {
      started = await start()
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  }
}
