import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { fingerprintOf, type KeyScope, makeDeriveX, readKey } from './idempotency.ts'
import { Fault } from './problem.ts'

const deriveX = makeDeriveX(Buffer.from('a secret'))
const scope: KeyScope = { operation: 'PlaceHold', productId: 1, customerRef: 'ann' }

test('the same key in the same scope gives the same id, in every process with the same secret', () => {
  const elsewhere = makeDeriveX(Buffer.from('a secret'))

  expect(elsewhere(scope, '1478')).toBe(deriveX(scope, '1478'))
  expect(deriveX(scope, '1478')).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/)
})

test('nothing else gives that id', () => {
  const ids = [
    deriveX(scope, '1478'),
    deriveX(scope, '1479'),
    deriveX({ ...scope, operation: 'PlaceOrder' }, '1478'),
    deriveX({ ...scope, productId: 2 }, '1478'),
    deriveX({ ...scope, customerRef: 'bob' }, '1478'),
    deriveX({ ...scope, customerRef: null }, '1478'),
    deriveX({ ...scope, customerRef: '' }, '1478'),
    deriveX({ ...scope, customerRef: 'ann1' }, '478'),
    deriveX({ ...scope, customerRef: 'ann4:' }, '1478'),
    deriveX(scope, 'Key-é'),
    deriveX(scope, 'KEY-E'),
    deriveX(scope, 'key-é '),
    makeDeriveX(Buffer.from('another secret'))(scope, '1478'),
  ]

  expect(new Set(ids).size).toBe(ids.length)
})

/** What the header's bytes are read as, over a request as Node would give it. */
async function keyOf(bytes: Uint8Array): Promise<string> {
  const app = new Hono().get('/', (c) => c.text(readKey(c) ?? 'none'))
  app.onError((error) => new Response(error instanceof Fault ? error.code : 'broken'))
  const headers = { 'idempotency-key': Buffer.from(bytes).toString('latin1') }
  return (await app.request('/', { headers })).text()
}

test.each(['1478', 'a:b', 'Key-é', '🛒', 'x'.repeat(255)])(
  'the key %s is the same in a header and in a body',
  async (key) => {
    expect(await keyOf(Buffer.from(key))).toBe(key)
  },
)

test('a key of more than 255 bytes, or of none, is refused', async () => {
  expect(await keyOf(Buffer.from('é'.repeat(128)))).toBe('validation')
  expect(await keyOf(Buffer.from(''))).toBe('validation')
})

test('a key in the header and another in the body is refused, naming both', async () => {
  const errorsOf = async (header: string, fromBody: string) => {
    const app = new Hono().get('/', (c) => c.json(readKey(c, fromBody)))
    app.onError((error, c) => c.json(error instanceof Fault ? error.extras['errors'] : 'broken'))
    const headers = { 'idempotency-key': Buffer.from(header).toString('latin1') }
    return (await app.request('/', { headers })).json()
  }

  expect(await errorsOf('1478', '1479')).toMatchObject([
    { field: 'Idempotency-Key' },
    { field: 'idempotency_key' },
  ])
  expect(await errorsOf('Key-é', 'Key-é')).toBe('Key-é')
})

test('bytes that are not UTF-8 are taken for Latin-1', async () => {
  expect(await keyOf(Uint8Array.of(0x6b, 0xe9))).toBe('ké')
})

test('a fingerprint tells one request from another', () => {
  expect(fingerprintOf([1, null])).toMatch(/^[0-9a-f]{32}$/)
  expect(fingerprintOf([1, null])).toBe(fingerprintOf([1, null]))
  expect(fingerprintOf([1, null])).not.toBe(fingerprintOf([null, 1]))
})
