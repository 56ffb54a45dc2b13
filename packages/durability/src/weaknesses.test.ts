import { describe, expect, test } from 'vitest'
import { findWeaknesses, mysqlRules, redisRules } from './weaknesses.ts'

const weakOf = (rules: typeof mysqlRules, settings: Record<string, string>) =>
  findWeaknesses(rules, settings).map(({ setting, value, wanted }) => [setting, value, wanted])

describe('MySQL', () => {
  const strong = { innodb_flush_log_at_trx_commit: '1', log_bin: 'ON', sync_binlog: '1' }

  test.each([
    ['flushed each commit', {}, []],
    ['flushed more often still', { innodb_flush_log_at_trx_commit: '3' }, []],
    [
      'written each commit, flushed each second',
      { innodb_flush_log_at_trx_commit: '2' },
      [['innodb_flush_log_at_trx_commit', '2', '1']],
    ],
    [
      'written each second',
      { innodb_flush_log_at_trx_commit: '0' },
      [['innodb_flush_log_at_trx_commit', '0', '1']],
    ],
    ['a binary log never flushed', { sync_binlog: '0' }, [['sync_binlog', '0', '1']]],
    ['one flushed now and then', { sync_binlog: '100' }, [['sync_binlog', '100', '1']]],
    ['no binary log to flush', { log_bin: 'OFF', sync_binlog: '0' }, []],
  ])('%s', (_name, settings, expected) => {
    expect(weakOf(mysqlRules, { ...strong, ...settings })).toEqual(expected)
  })
})

describe('Redis', () => {
  const strong = { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' }

  test.each([
    ['a file flushed each second', {}, []],
    ['a file flushed each command', { appendfsync: 'always' }, []],
    ['a file never flushed', { appendfsync: 'no' }, [['appendfsync', 'no', 'everysec']]],
    ['no file, however it is flushed', { appendonly: 'no' }, [['appendonly', 'no', 'yes']]],
    [
      'keys thrown away',
      { 'maxmemory-policy': 'allkeys-lru' },
      [['maxmemory-policy', 'allkeys-lru', 'noeviction']],
    ],
    [
      'no file, and keys thrown away',
      { appendonly: 'no', appendfsync: 'no', 'maxmemory-policy': 'volatile-ttl' },
      [
        ['appendonly', 'no', 'yes'],
        ['maxmemory-policy', 'volatile-ttl', 'noeviction'],
      ],
    ],
  ])('%s', (_name, settings, expected) => {
    expect(weakOf(redisRules, { ...strong, ...settings })).toEqual(expected)
  })

  test('a server that has no such setting', () => {
    expect(findWeaknesses(redisRules, {})).toEqual([])
  })
})
