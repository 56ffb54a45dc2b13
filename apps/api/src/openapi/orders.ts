/** Orders, as the document tells them; their bodies, as the routes parse them. */
import { foreignName, quantity } from '@flashlane/core'
import { z } from 'zod'
import { customerRefField, emptyBody, keyField } from '../fields.ts'
import { commandHeaders, OUTCOME_HEADERS } from './headers.ts'
import { boughtItems, boughtItemsExample } from './items.ts'
import { jsonAnswer, jsonBody, operation, optionalJsonBody } from './operation.ts'
import { COMMAND_PROBLEMS, SERVICE_PROBLEMS } from './problems.ts'
import { OUTCOME_AND_PLACE, queuedAnswer } from './queued.ts'
import { amount, currencyCode, example, ids, instant, version } from './values.ts'

export const orderBody = z
  .strictObject({
    hold_id: z.string().max(255),
    payment_intent_id: foreignName.optional().meta({
      description:
        'The payment’s name at the provider, if known. It belongs to the first order that names it.',
    }),
    payment_ref: foreignName
      .optional()
      .meta({ description: 'Another name of `payment_intent_id`' }),
    payment_status: z
      .enum(['online_payment', 'pending', 'cash_on_delivery'])
      .default('pending')
      .meta({
        description:
          '`cash_on_delivery`: confirmed at once, units sold, no deadline. The others are the same.',
      }),
    customer_ref: customerRefField,
    idempotency_key: keyField.meta({
      description: 'As the header; both, only if they are the same',
    }),
  })
  .meta({ id: 'OrderRequest' })

const orderPath = z.object({ id: ids.order })

export const orderStatus = z.enum([
  'pending',
  'paid',
  'confirmed',
  'cancelled',
  'expired',
  'refund_due',
  'refunded',
])

const orderFields = {
  order_id: ids.order,
  hold_id: ids.hold,
  product_id: ids.product,
  qty: quantity,
  amount,
  currency: currencyCode,
  status: orderStatus,
  payment_due_at: instant.nullable(),
  created_at: instant,
  version,
}

export const orderAnswer = z
  .object({
    ...orderFields,
    pay_with: z.string().optional().meta({
      description: 'The payment that the request named, of an order that was just placed',
    }),
  })
  .meta({ id: 'Order' })

const payment = z
  .object({
    payment_ref: z.string().nullable(),
    status: z.enum(['named', 'captured', 'refund_due', 'refunded']),
    amount,
    currency: currencyCode,
    refunded: amount,
  })
  .meta({ id: 'Payment' })

const refund = z
  .object({
    refund_id: z.string(),
    payment_ref: z.string().nullable(),
    amount,
    currency: currencyCode,
    status: z.enum(['due', 'sent', 'done']),
    reason: z.enum(['late_payment', 'second_payment', 'payment_mismatch']),
    created_at: instant,
  })
  .meta({ id: 'Refund' })

const orderDetails = z
  .object({
    ...orderFields,
    id: ids.order.meta({ description: 'Another name of `order_id`' }),
    payment_status: z.enum([
      'pending',
      'paid',
      'cash_on_delivery',
      'failed',
      'refund_due',
      'refunded',
    ]),
    total: amount.meta({ description: 'Another name of `amount`' }),
    is_hold: z.literal(false),
    unit_price: amount,
    payments: z.array(payment),
    late_payment: z
      .literal(true)
      .optional()
      .meta({ description: 'Money came after the order had ended' }),
    refund: refund.optional().meta({ description: 'The first of `refunds`' }),
    refunds: z.array(refund).min(1).optional(),
    items: boughtItems,
  })
  .meta({ id: 'OrderDetails' })

export const orderExample = {
  order_id: example.orderId,
  hold_id: example.holdId,
  product_id: example.productId,
  qty: 2,
  amount: 9800,
  currency: 'USD',
  status: 'pending',
  payment_due_at: example.paymentDue,
  created_at: example.at,
  version: 16,
}

export const placeOrder = operation({
  method: 'post',
  path: '/api/orders',
  operationId: 'placeOrder',
  tags: ['Orders'],
  summary: 'Order what a hold keeps',
  description:
    'It may be sent before its hold is applied: it queues behind it. Its units stay held until `payment_due_at`. An order whose payment came first is born `paid`, or `cancelled`.',
  headers: commandHeaders,
  body: jsonBody(orderBody, { hold_id: example.holdId, payment_intent_id: 'pi_1' }),
  answers: {
    201: jsonAnswer('The order', orderAnswer, orderExample, OUTCOME_AND_PLACE),
    202: queuedAnswer({ order_id: example.orderId }),
  },
  problems: [
    'hold_not_found',
    'hold_used',
    'hold_released',
    'hold_expired',
    'payment_ref_used',
    ...COMMAND_PROBLEMS,
  ],
})

export const showOrder = operation({
  method: 'get',
  path: '/api/orders/{id}',
  operationId: 'showOrder',
  tags: ['Orders'],
  summary: 'Show an order',
  description: 'With all its payments and refunds.',
  params: orderPath,
  answers: {
    200: jsonAnswer('The order', orderDetails, {
      ...orderExample,
      status: 'paid',
      id: example.orderId,
      payment_status: 'paid',
      total: 9800,
      is_hold: false,
      unit_price: 4900,
      payments: [
        { payment_ref: 'pi_1', status: 'captured', amount: 9800, currency: 'USD', refunded: 0 },
      ],
      items: boughtItemsExample,
    }),
  },
  problems: ['order_not_found', ...SERVICE_PROBLEMS],
})

export const cancelOrder = operation({
  method: 'post',
  path: '/api/orders/{id}/cancel',
  operationId: 'cancelOrder',
  tags: ['Orders'],
  summary: 'Cancel an order',
  description:
    'A pending or confirmed order gives its units back. One that has ended otherwise is answered as it is.',
  params: orderPath,
  headers: commandHeaders,
  body: optionalJsonBody(emptyBody, {}),
  answers: {
    200: jsonAnswer(
      'The order',
      orderAnswer,
      { ...orderExample, status: 'cancelled' },
      OUTCOME_HEADERS,
    ),
    202: queuedAnswer({ order_id: example.orderId }),
  },
  problems: ['order_not_found', 'order_paid', ...COMMAND_PROBLEMS],
})
