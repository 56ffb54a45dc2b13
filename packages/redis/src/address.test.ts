import { expect, test } from 'vitest'
import { isRedisUrl, parseRedisUrl } from './address.ts'

test('one server keeps its URL, whatever stands in it', () => {
  const url = 'rediss://user:pass@redis.example:6380/3'

  expect(parseRedisUrl(url)).toEqual({ kind: 'server', url })
})

test('a cluster is named by some of its servers, with one user for all', () => {
  expect(parseRedisUrl('redis+cluster://shop:p%40ss,word@a:7000,b,[::1]:7002')).toEqual({
    kind: 'cluster',
    servers: [
      { host: 'a', port: 7_000 },
      { host: 'b', port: 6_379 },
      { host: '::1', port: 7_002 },
    ],
    isEncrypted: false,
    username: 'shop',
    password: 'p@ss,word',
  })
})

test('a cluster of one name, encrypted, without a user', () => {
  expect(parseRedisUrl('rediss+cluster://redis.example')).toEqual({
    kind: 'cluster',
    servers: [{ host: 'redis.example', port: 6_379 }],
    isEncrypted: true,
    username: undefined,
    password: undefined,
  })
})

test.each([
  'x',
  'redis',
  'http://redis.example',
  'redis+cluster://',
  'redis+cluster://a:7000,',
  'redis+cluster://a:port',
  'redis+cluster://a/1',
])('%s is no address of Redis', (text) => {
  expect(isRedisUrl(text)).toBe(false)
})
