/** Holds, as the document tells them; their bodies, as the routes parse them. */
import { HOLD_TTL_S_MAX, HOLD_TTL_S_MIN, productId, quantity } from '@flashlane/core'
import { z } from 'zod'
import { customerRefField, emptyBody, keyField } from '../fields.ts'
import { commandHeaders, OUTCOME_HEADERS } from './headers.ts'
import { boughtItems, boughtItemsExample } from './items.ts'
import { jsonAnswer, jsonBody, operation, optionalJsonBody } from './operation.ts'
import { COMMAND_PROBLEMS, SERVICE_PROBLEMS } from './problems.ts'
import { OUTCOME_AND_PLACE, queuedAnswer } from './queued.ts'
import { amount, currencyCode, example, ids, instant, version } from './values.ts'

const ttl = z
  .int()
  .min(HOLD_TTL_S_MIN)
  .max(HOLD_TTL_S_MAX)
  .optional()
  .meta({ description: 'Seconds; `HOLD_TTL_S` if not said' })

export const holdBody = z
  .strictObject({
    product_id: productId,
    qty: quantity.optional().meta({ description: 'Required, under one of its names' }),
    quantity: quantity.optional().meta({ description: 'Another name of `qty`' }),
    ttl,
    ttl_seconds: ttl.meta({ description: 'Another name of `ttl`' }),
    allow_partial: z
      .boolean()
      .optional()
      .meta({ description: 'Take what is left, if that is less; `requested_qty` tells' }),
    replace_existing: z.boolean().optional().meta({
      description:
        'In place of all that the customer holds of the product; if it is refused, that stays',
    }),
    customer_ref: customerRefField.meta({
      description: 'Whose it is. An order that names another customer does not find the hold.',
    }),
    idempotency_key: keyField.meta({
      description: 'As the header; both, only if they are the same',
    }),
  })
  .meta({ id: 'HoldRequest' })

const holdPath = z.object({ id: ids.hold })

const holdFields = {
  hold_id: ids.hold,
  product_id: ids.product,
  qty: quantity,
  requested_qty: quantity.meta({ description: 'More than `qty` if only a part was granted' }),
  unit_price: amount,
  currency: currencyCode,
  status: z.enum(['active', 'ordered', 'released', 'expired']),
  expires_at: instant,
  expires_in_seconds: z
    .int()
    .nonnegative()
    .meta({ description: 'Counted from when it was applied; of a `GET`, from then' }),
  version,
}

export const holdAnswer = z.object(holdFields).meta({ id: 'Hold' })

const holdDetails = z
  .object({
    ...holdFields,
    is_expired: z.boolean().meta({ description: 'True from the deadline on' }),
    created_at: instant,
    order_id: ids.order.optional().meta({ description: 'Of an ordered hold' }),
    items: boughtItems,
  })
  .meta({ id: 'HoldDetails' })

export const holdExample = {
  hold_id: example.holdId,
  product_id: example.productId,
  qty: 2,
  requested_qty: 2,
  unit_price: 4900,
  currency: 'USD',
  status: 'active',
  expires_at: example.holdEnds,
  expires_in_seconds: 120,
  version: 5,
}

export const placeHold = operation({
  method: 'post',
  path: '/api/holds',
  operationId: 'placeHold',
  tags: ['Holds'],
  summary: 'Hold units for a buyer',
  description:
    'Its time counts from when it is applied, however long that took. Price and currency stay those of the hold.',
  headers: commandHeaders,
  body: jsonBody(holdBody, { product_id: 1, qty: 2, ttl: 120, customer_ref: 'anna' }),
  answers: {
    201: jsonAnswer('The hold', holdAnswer, holdExample, OUTCOME_AND_PLACE),
    202: queuedAnswer({ hold_id: example.holdId }),
  },
  problems: [
    'product_not_found',
    'insufficient_stock',
    'customer_limit',
    'product_paused',
    'sale_not_started',
    'sale_ended',
    ...COMMAND_PROBLEMS,
  ],
})

export const showHold = operation({
  method: 'get',
  path: '/api/holds/{id}',
  operationId: 'showHold',
  tags: ['Holds'],
  summary: 'Show a hold',
  description: 'The units of an expired hold come back two to three seconds after its deadline.',
  params: holdPath,
  answers: {
    200: jsonAnswer('The hold', holdDetails, {
      ...holdExample,
      is_expired: false,
      created_at: example.at,
      items: boughtItemsExample,
    }),
  },
  problems: ['hold_not_found', ...SERVICE_PROBLEMS],
})

export const releaseHold = operation({
  method: 'delete',
  path: '/api/holds/{id}',
  operationId: 'releaseHold',
  tags: ['Holds'],
  summary: 'Release a hold',
  description: 'One that is released or expired already is answered as it is.',
  params: holdPath,
  headers: commandHeaders,
  body: optionalJsonBody(emptyBody, {}),
  answers: {
    200: jsonAnswer(
      'The hold',
      holdAnswer,
      { ...holdExample, status: 'released' },
      OUTCOME_HEADERS,
    ),
    202: queuedAnswer({ hold_id: example.holdId }),
  },
  problems: ['hold_not_found', 'hold_converted', ...COMMAND_PROBLEMS],
})

export const extendBody = z
  .strictObject({
    seconds: z.int().min(1).max(HOLD_TTL_S_MAX),
    idempotency_key: keyField.meta({
      description: 'As the header; both, only if they are the same',
    }),
  })
  .meta({ id: 'ExtendRequest' })

export const extendHold = operation({
  method: 'post',
  path: '/api/holds/{id}/extend',
  operationId: 'extendHold',
  tags: ['Holds'],
  summary: 'Keep a hold for longer',
  description:
    'It ends so many seconds after this is applied, but no earlier than before, and not past its lifetime, which is `HOLD_LIFETIME_S` or its own `ttl`, whichever is longer. At most `HOLD_EXTENSIONS` times.',
  params: holdPath,
  headers: commandHeaders,
  body: jsonBody(extendBody, { seconds: 60 }),
  answers: {
    200: jsonAnswer('The hold', holdAnswer, holdExample, OUTCOME_HEADERS),
    202: queuedAnswer({ hold_id: example.holdId }),
  },
  problems: [
    'hold_not_found',
    'hold_expired',
    'hold_released',
    'hold_converted',
    'extend_limit',
    ...COMMAND_PROBLEMS,
  ],
  statuses: { hold_expired: 409 },
})
