import { expect, test } from 'vitest'
import { formatOperation, kindOf, parseOperation } from './history.ts'
import { makeRun } from './made-run.ts'

test('an operation comes back from its line as it was', () => {
  const sent = makeRun().note({ op: 'hold', body: { qty: 1 }, result: { hold_id: 'hold_7_x' } })

  expect(parseOperation(formatOperation(sent), 1)).toEqual(sent)
})

test('a line that is no operation is named', () => {
  expect(() => parseOperation('{"op":"hold"}', 7)).toThrow(/line 7 of the history is no operation/)
  expect(() => parseOperation('{"op":', 8)).toThrow(/line 8/)
})

test.each([
  ['a hold', 'hold', 201, {}, 'ok'],
  ['a refusal of the lane', 'hold', 409, { code: 'customer_limit', command_id: 'cmd_7_x' }, 'ok'],
  ['a refusal at the door', 'hold', 409, { code: 'insufficient_stock' }, 'fail'],
  ['a limit of requests', 'hold', 429, { code: 'rate_limited' }, 'fail'],
  ['a 202', 'order', 202, { command_id: 'cmd_7_x' }, 'info'],
  ['a command that failed', 'order', 500, { code: 'internal_error', command_id: 'cmd_7_x' }, 'ok'],
  ['a lane that is too deep', 'order', 503, { code: 'busy' }, 'fail'],
  ['a service that is away', 'order', 503, { code: 'unavailable', command_id: 'cmd_7_x' }, 'info'],
  ['a proxy in between', 'order', 502, null, 'info'],
  ['an event in the inbox', 'webhook', 202, {}, 'ok'],
  ['an event with a wrong signature', 'webhook', 401, {}, 'fail'],
  ['an event that could not be kept', 'webhook', 503, {}, 'info'],
  ['a read', 'read', 200, {}, 'ok'],
  ['a poll of nothing', 'poll', 404, {}, 'fail'],
] as const)('%s', (_, op, status, result, kind) => {
  expect(kindOf({ op, status, result })).toBe(kind)
})
