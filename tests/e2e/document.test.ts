/** The check that all other tests' answers go through: what the document does not tell of does not pass. */
import { printedDocument } from '@flashlane/api/openapi/print.ts'
import { expect, test } from 'vitest'
import { type Document, makeCheck } from '../support/document.ts'

const check = makeCheck(printedDocument as unknown as Document)

const SOLD_OUT = {
  type: '/problems/insufficient_stock',
  title: 'There is not enough stock',
  status: 409,
  detail: 'There is not enough stock',
  instance: '/api/holds',
  code: 'insufficient_stock',
  available: 0,
  requested: 1,
  version: 3,
  command_id: `cmd_7_${'1'.repeat(26)}`,
}
const QUEUED = { command_id: SOLD_OUT.command_id, status: 'queued' }

function checked(method: string, path: string, status: number, body: object, type?: string) {
  const contentType = type ?? (status < 400 ? 'application/json' : 'application/problem+json')
  return check(method, path, { status, contentType, text: JSON.stringify(body) })
}

test('an answer that is documented passes, at both bases', () => {
  expect(checked('POST', '/api/holds', 409, SOLD_OUT)).toBeNull()
  expect(checked('POST', '/api/v1/holds', 409, SOLD_OUT)).toBeNull()
  expect(checked('POST', '/api/holds', 202, QUEUED)).toBeNull()
  expect(
    checked('GET', '/livez', 200, { status: 'alive' }, 'application/json; charset=utf-8'),
  ).toBeNull()
})

test.each([
  ['a status', 418, SOLD_OUT, 'placeHold does not document'],
  ['another code', 409, { ...SOLD_OUT, code: 'hold_used' }, 'tag "code" must be in oneOf'],
  ['a field too many', 409, { ...SOLD_OUT, colour: 'red' }, '"colour"'],
  ['a field too few', 409, { ...SOLD_OUT, available: undefined }, "'available'"],
  ['another type', 409, { ...SOLD_OUT, version: '3' }, '/version must be integer'],
  ['an id of another kind', 202, { ...QUEUED, hold_id: QUEUED.command_id }, '/hold_id must match'],
])('an answer with %s that is not documented is told: %d', (_what, status, body, said) => {
  expect(checked('POST', '/api/holds', status, body)).toContain(said)
})

test('a type that is not documented is told', () => {
  expect(checked('POST', '/api/holds', 409, SOLD_OUT, 'application/json')).toContain('of the type')
  expect(checked('GET', '/livez', 200, { status: 'alive' }, 'text/html')).toContain('of the type')
  expect(checked('GET', '/api/products/1', 304, {})).toContain('whose body is not documented')
})

test('where there is no operation, only its absence passes', () => {
  expect(checked('GET', '/api/nothing', 404, { code: 'not_found' })).toBeNull()
  expect(checked('GET', '/api/holds', 405, { code: 'method_not_allowed' })).toBeNull()
  expect(checked('GET', '/api/nothing', 200, {})).toContain('no operation is documented')
  expect(checked('GET', '/api/nothing', 404, { code: 'hold_not_found' })).toContain('no operation')
})
