/** Where it was measured: the machine, the versions, and the settings that decide what an answer is worth. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Pool, RowDataPacket } from 'mysql2/promise'
import type { Redis } from 'ioredis'

export type Machine = {
  readonly processors: string
  readonly memoryGb: number
  readonly system: string
  readonly versions: Readonly<Record<string, string>>
  readonly mysql: Readonly<Record<string, string>>
  readonly redis: Readonly<Record<string, string>>
  /** Of the minute before: what else ran. */
  readonly loadBefore: number
  readonly commit: string
}

const MYSQL_SETTINGS = [
  'innodb_flush_log_at_trx_commit',
  'sync_binlog',
  'log_bin',
  'innodb_doublewrite',
  'innodb_buffer_pool_size',
  'innodb_log_file_size',
  'innodb_redo_log_capacity',
  'max_connections',
]
const REDIS_SETTINGS = ['appendonly', 'appendfsync', 'save', 'maxmemory-policy']

export async function lookAround({
  mysql,
  server,
}: {
  mysql: Pool
  server: Redis
}): Promise<Machine> {
  const [[version]] = await mysql.query<RowDataPacket[]>('select version() as version')
  const info = await server.info('server')
  const [first] = cpus()
  return {
    processors: `${cpus().length} x ${first?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    versions: {
      node: process.version,
      mysql: String(version?.['version']),
      redis: /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown',
      wrk: /^wrk (\S+)/m.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout)?.[1] ?? '',
      ...packageVersions(),
    },
    mysql: await mysqlSettings(mysql),
    redis: await redisSettings(server),
    loadBefore: loadavg()[0] ?? 0,
    commit: commitOf(),
  }
}

function packageVersions(): Record<string, string> {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
  const told = ['hono', 'bullmq', 'ioredis', 'mysql2', 'zod', 'undici']
  return Object.fromEntries(told.map((name) => [name, dependencies[name] ?? 'unknown']))
}

async function mysqlSettings(mysql: Pool): Promise<Record<string, string>> {
  const [rows] = await mysql.query<RowDataPacket[]>('show global variables')
  const all = new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]))
  return Object.fromEntries(
    MYSQL_SETTINGS.filter((name) => all.has(name)).map((name) => [name, all.get(name) ?? '']),
  )
}

async function redisSettings(server: Redis): Promise<Record<string, string>> {
  const found = await Promise.all(
    REDIS_SETTINGS.map(async (name) => {
      const reply = await server.config('GET', name)
      return [name, reply[1] || '(none)'] as const
    }),
  )
  return Object.fromEntries(found)
}

/** Of the working copy; with a plus where it has changes of its own. */
function commitOf(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    })
  try {
    return git('rev-parse', '--short', 'HEAD').trim() + (git('status', '--porcelain') ? '+' : '')
  } catch {
    return 'unknown'
  }
}
