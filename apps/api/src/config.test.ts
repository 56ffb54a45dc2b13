import { expect, test } from 'vitest'
import { parseConfig } from './config.ts'

const least = {
  MYSQL_URL: 'mysql://user:password@localhost:3306/flashlane',
  REDIS_URL: 'redis://localhost:6379',
  ADMIN_TOKEN: '0123456789abcdef',
}

test('what is not set, or is empty, has its default', () => {
  expect(parseConfig({ ...least, PORT: '', LANES: '' })).toMatchObject({
    PORT: 3_000,
    HOST: '127.0.0.1',
    LANES: { kind: 'per-product' },
    BATCH_MAX: 256,
    HOLD_TTL_S: 120,
    PAYMENT_DUE_S: 900,
    WAIT_S: 5,
    WEBHOOK_WAIT_MS: 2_000,
    ON_PAYMENT_FAILED: 'release',
    RESTOCK_ON_REFUND: false,
    WEBHOOK_SECRET: [],
    STRIPE_WEBHOOK_SECRET: [],
  })
})

test('settings are read as what they are', () => {
  const config = parseConfig({
    ...least,
    LANES: 'shared:4',
    BATCH_MAX: '1',
    RESTOCK_ON_REFUND: 'true',
    CORS_ORIGINS: 'https://shop.example, http://localhost:5173',
    RATE_LIMIT_CLIENT: '20/1s',
    RATE_LIMIT_CUSTOMER: '100/5m',
    TRUST_PROXY: '1',
  })

  expect(config).toMatchObject({
    LANES: { kind: 'shared', lanes: 4 },
    BATCH_MAX: 1,
    RESTOCK_ON_REFUND: true,
    CORS_ORIGINS: ['https://shop.example', 'http://localhost:5173'],
    RATE_LIMIT_CLIENT: { requests: 20, windowS: 1 },
    RATE_LIMIT_CUSTOMER: { requests: 100, windowS: 300 },
    TRUST_PROXY: 1,
  })
  expect(parseConfig({ ...least, CORS_ORIGINS: '*' }).CORS_ORIGINS).toBe('*')
})

test.each([
  ['CORS_ORIGINS', 'shop.example'],
  ['CORS_ORIGINS', 'https://shop.example/'],
  ['CORS_ORIGINS', 'https://shop.example,*'],
  ['RATE_LIMIT_CLIENT', '20'],
  ['RATE_LIMIT_CLIENT', '0/1s'],
  ['RATE_LIMIT_CUSTOMER', '20/1d'],
  ['TRUST_PROXY', 'yes'],
])('%s=%s stops the process', (name, value) => {
  expect(() => parseConfig({ ...least, [name]: value })).toThrow(name)
})

test('everything that is wrong is named, and no secret is told', () => {
  const wrong = { MYSQL_URL: 'postgres://u:hunter2@h/d', ADMIN_TOKEN: 'short', BATCH_MAX: '0' }

  const parse = () => parseConfig({ ...wrong, LANES: 'many', PORT: 'http' })

  for (const name of ['MYSQL_URL', 'REDIS_URL', 'ADMIN_TOKEN', 'BATCH_MAX', 'LANES', 'PORT']) {
    expect(parse).toThrow(name)
  }
  expect(parse).not.toThrow('hunter2')
})

test('one kind of operators’ token is enough, and none is too few', () => {
  const { ADMIN_TOKEN, ...others } = least
  const ADMIN_TOKENS = `anna:read:${'0'.repeat(64)}`

  expect(parseConfig({ ...others, ADMIN_TOKENS }).ADMIN_TOKENS).toMatchObject([{ name: 'anna' }])
  expect(parseConfig({ ...others, ADMIN_TOKEN }).ADMIN_TOKENS).toEqual([])
  expect(() => parseConfig({ ...others, PORT: 'http' })).toThrow(
    /ADMIN_TOKENS[^]*PORT|PORT[^]*ADMIN_TOKENS/,
  )
})

test('secrets are read as keys, the current one first', () => {
  const bytes = Buffer.from('twenty-four bytes of key')
  const raw = 'sixteen-visible!'

  const config = parseConfig({
    ...least,
    WEBHOOK_SECRET: `whsec_${bytes.toString('base64')}, ${raw}`,
    STRIPE_WEBHOOK_SECRET: 'whsec_current_one,whsec_previous_one',
  })

  expect(config.WEBHOOK_SECRET).toEqual([bytes, Buffer.from(raw)])
  expect(config.STRIPE_WEBHOOK_SECRET).toEqual(['whsec_current_one', 'whsec_previous_one'])
})

test.each([
  ['WEBHOOK_SECRET', 'hunter2'],
  ['WEBHOOK_SECRET', 'whsec_aHVudGVyMg=='],
  ['WEBHOOK_SECRET', 'whsec_hunter2!hunter2!hunter2!'],
  ['WEBHOOK_SECRET', 'hunter2 hunter2 hunter2'],
  ['WEBHOOK_SECRET', 'hunter2-hunter2-hunter2,'],
  ['WEBHOOK_SECRET', ','],
  ['WEBHOOK_SECRET', ' '],
  ['WEBHOOK_SECRET', Array.from({ length: 5 }, () => 'hunter2-hunter2-hunter2').join()],
  ['STRIPE_WEBHOOK_SECRET', 'sk_live_hunter2hunter2'],
  ['STRIPE_WEBHOOK_SECRET', 'whsec_'],
  ['STRIPE_WEBHOOK_SECRET', 'whsec_hunter2hunter2,'],
])('%s=%s stops the process, which names the setting and not the secret', (name, secret) => {
  const parse = () => parseConfig({ ...least, [name]: secret })

  expect(parse).toThrow(name)
  expect(parse).not.toThrow('hunter2')
})
