/** Tells operators, at the start of a process, of servers that may forget what was answered. */
import { type Database, globalVariables } from '@flashlane/db'
import type { Logger } from '@flashlane/log'
import { eachServer, type RedisClient } from '@flashlane/redis'
import type { Redis } from 'ioredis'
import { findWeaknesses, mysqlRules, redisRules, type Settings } from './weaknesses.ts'

type Deps = { readonly database: Database; readonly redis: RedisClient; readonly log: Logger }

/** Returns at once: what the servers answer is logged when it comes. Nobody waits for it, and nothing depends on it. */
export function warnOfWeakServers({ database, redis, log }: Deps): void {
  void warn(log, { server: 'MySQL', rules: mysqlRules, read: () => readMysql(database) })
  eachServer(redis, (server) => {
    const ask = () =>
      void warn(log, { server: 'Redis', rules: redisRules, read: () => readRedis(server) })
    if (server.status === 'ready') ask()
    else server.once('ready', ask)
  })
}

type Server = {
  readonly server: 'MySQL' | 'Redis'
  readonly rules: Parameters<typeof findWeaknesses>[0]
  read(): Promise<Settings>
}

async function warn(log: Logger, { server, rules, read }: Server): Promise<void> {
  try {
    for (const { setting, value, wanted, mayLose } of findWeaknesses(rules, await read())) {
      log.warn(
        { server, setting, value, wanted },
        `${server}: ${setting} is ${value}. This may lose ${mayLose}. Set it to ${wanted}`,
      )
    }
  } catch (error) {
    log.info({ err: error, server }, `${server} does not tell how durable it is`)
  }
}

const readMysql = (database: Database): Promise<Settings> =>
  globalVariables(database, [...namesOf(mysqlRules), 'log_bin'])

async function readRedis(redis: Redis): Promise<Settings> {
  const answer = await redis.config('GET', ...namesOf(redisRules))
  const settings: Record<string, string> = {}
  // Names and values take turns.
  for (let n = 0; n + 1 < answer.length; n += 2) settings[answer[n] ?? ''] = answer[n + 1] ?? ''
  return settings
}

const namesOf = (rules: Server['rules']): readonly string[] => rules.map(({ setting }) => setting)
