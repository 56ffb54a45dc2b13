/** What the servers must be set to so that what was answered survives them, and what may be lost where they are not. */

export type Settings = Readonly<Record<string, string>>

export type Weakness = {
  readonly setting: string
  readonly value: string
  readonly wanted: string
  readonly mayLose: string
}

type Rule = {
  readonly setting: string
  /** The first is what to set. */
  readonly strong: readonly string[]
  readonly mayLose: string
  readonly matters?: (settings: Settings) => boolean
}

export const mysqlRules: readonly Rule[] = [
  {
    setting: 'innodb_flush_log_at_trx_commit',
    // MariaDB has a 3 as well, which flushes more often still.
    strong: ['1', '3'],
    mayLose:
      'the last second of holds, orders and payments that were answered, when the machine loses power; at 0 also when the server dies',
  },
  {
    setting: 'sync_binlog',
    strong: ['1'],
    matters: ({ log_bin: binaryLog }) => binaryLog === 'ON',
    mayLose:
      'the latest holds, orders and payments that were answered, on the server or on its replicas, when the machine loses power',
  },
]

export const redisRules: readonly Rule[] = [
  {
    setting: 'appendonly',
    strong: ['yes'],
    mayLose: 'all commands that were answered 202 and are not applied yet, when Redis restarts',
  },
  {
    setting: 'appendfsync',
    strong: ['everysec', 'always'],
    matters: ({ appendonly }) => appendonly === 'yes',
    mayLose:
      'up to half a minute of commands that were answered 202 and are not applied yet, when the machine loses power',
  },
  {
    setting: 'maxmemory-policy',
    strong: ['noeviction'],
    mayLose: 'commands that were answered 202 and are not applied yet, when Redis is full',
  },
]

/** A setting that the server does not name is none of its own: it cannot be weak. */
export const findWeaknesses = (rules: readonly Rule[], settings: Settings): readonly Weakness[] =>
  rules.flatMap(({ setting, strong, mayLose, matters }) => {
    const value = settings[setting]
    const [wanted = ''] = strong
    if (value === undefined || strong.includes(value) || matters?.(settings) === false) return []
    return [{ setting, value, wanted, mayLose }]
  })
