import type { Command, Outcome, Reason } from '@flashlane/core'
import { expect, test } from 'vitest'
import { present } from './answer.ts'

const asked = { type: 'PlaceHold', commandId: 'cmd_1_x' } as const

test.each<[Reason, number]>([
  ['insufficient_stock', 409],
  ['hold_not_found', 404],
  ['hold_released', 409],
  ['hold_expired', 410],
  ['hold_used', 409],
  ['hold_converted', 409],
  ['order_not_found', 404],
  ['order_paid', 409],
  ['payment_ref_used', 409],
  ['stock_below_committed', 409],
  ['stock_above_limit', 409],
])('%s is answered %d, with its facts', (reason, status) => {
  const outcome: Outcome = { outcome: 'refused', reason, facts: { available: 3 }, version: 9 }

  const presented = present(asked, outcome)

  expect(presented).toMatchObject({
    kind: 'problem',
    problem: {
      status,
      code: reason,
      extras: { available: 3, version: 9, command_id: 'cmd_1_x' },
    },
  })
})

const held: Outcome = {
  outcome: 'accepted',
  version: 4,
  result: {
    type: 'hold',
    hold: {
      holdId: 'hold_1_x',
      productId: 1,
      quantity: 2,
      requestedQuantity: 2,
      unitPrice: 1_999,
      currency: 'USD',
      status: 'active',
      expiresAtMs: 120_000,
      expiresInMs: 120_000,
    },
  },
}

test('a placed hold is 201 with its address and what was granted', () => {
  expect(present(asked, held)).toEqual({
    kind: 'result',
    status: 201,
    location: '/api/holds/hold_1_x',
    body: {
      hold_id: 'hold_1_x',
      product_id: 1,
      qty: 2,
      requested_qty: 2,
      unit_price: 1_999,
      currency: 'USD',
      status: 'active',
      expires_at: '1970-01-01T00:02:00.000Z',
      expires_in_seconds: 120,
      version: 4,
    },
  })
})

test('a released hold is 200: nothing was made', () => {
  const type: Command['type'] = 'ReleaseHold'

  expect(present({ ...asked, type }, held)).toMatchObject({ status: 200, location: null })
})

test('a command that failed is 500, without details', () => {
  const presented = present(asked, { outcome: 'error', version: 2 })

  expect(presented).toMatchObject({ problem: { status: 500, code: 'internal_error' } })
})
