/** What operators do, as the document tells it; their bodies, as the routes parse them. */
import { STOCK_MAX, stockCount } from '@flashlane/core'
import { z } from 'zod'
import { emptyBody, keyField } from '../fields.ts'
import { newProductBody, productChangesBody } from '../product-body.ts'
import { commandHeaders, OUTCOME_HEADERS } from './headers.ts'
import { jsonAnswer, jsonBody, operation, operators, optionalJsonBody } from './operation.ts'
import { BODY_PROBLEMS, COMMAND_PROBLEMS, SERVICE_PROBLEMS } from './problems.ts'
import { product, productExample, productPath } from './products.ts'
import { queuedAnswer } from './queued.ts'
import { example, version } from './values.ts'

export const stockBody = z
  .strictObject({
    delta: z.int().min(-STOCK_MAX).max(STOCK_MAX).optional(),
    set: stockCount.optional(),
    idempotency_key: keyField.meta({
      description: 'As the header; both, only if they are the same',
    }),
  })
  .meta({ id: 'StockRequest', description: 'Either `delta` or `set`' })

export const stockAnswer = z
  .object({
    stock_total: stockCount,
    held: stockCount,
    sold: stockCount,
    available_stock: stockCount,
    version,
  })
  .meta({ id: 'Stock' })

export const createProduct = operation({
  ...operators('admin'),
  method: 'post',
  path: '/api/admin/products',
  operationId: 'createProduct',
  summary: 'Put a product on sale',
  description: 'It is on sale at once. It takes no `Idempotency-Key`: sent twice, it makes two.',
  body: jsonBody(newProductBody, { name: 'Desk lamp', price: 2500, stock_total: 10 }),
  answers: {
    201: jsonAnswer('The product', product, productExample, ['Location']),
  },
  problems: [...BODY_PROBLEMS, ...SERVICE_PROBLEMS],
})

export const adjustStock = operation({
  ...operators('operate'),
  method: 'post',
  path: '/api/admin/products/{id}/stock',
  operationId: 'adjustStock',
  summary: 'Change how many there are',
  description: 'What is held or sold is never taken back.',
  params: productPath,
  headers: commandHeaders,
  body: jsonBody(stockBody, { delta: 50 }),
  answers: {
    200: jsonAnswer(
      'The stock',
      stockAnswer,
      { stock_total: 150, held: 5, sold: 5, available_stock: 140, version: 28 },
      OUTCOME_HEADERS,
    ),
    202: queuedAnswer({ product_id: example.productId }),
  },
  problems: [
    'product_not_found',
    'stock_below_committed',
    'stock_above_limit',
    ...COMMAND_PROBLEMS,
  ],
})

const changed = jsonAnswer('The product', product, productExample, OUTCOME_HEADERS)

const CHANGE_PROBLEMS = ['product_not_found', ...COMMAND_PROBLEMS] as const

export const changeProduct = operation({
  ...operators('admin'),
  method: 'patch',
  path: '/api/admin/products/{id}',
  operationId: 'changeProduct',
  summary: 'Change a product',
  description:
    'What is not named stays. It counts for what is accepted behind it: a hold keeps the price of its time.',
  params: productPath,
  headers: commandHeaders,
  body: jsonBody(productChangesBody, { price: 3900, sale_ends_at: '2026-11-28T00:00:00.000Z' }),
  answers: { 200: changed, 202: queuedAnswer({ product_id: example.productId }) },
  problems: ['sale_window_empty', ...CHANGE_PROBLEMS],
})

export const pauseProduct = operation({
  ...operators('operate'),
  method: 'post',
  path: '/api/admin/products/{id}/pause',
  operationId: 'pauseProduct',
  summary: 'Pause a sale',
  description: 'New holds are refused with `product_paused`; orders and payments pass.',
  params: productPath,
  headers: commandHeaders,
  body: optionalJsonBody(emptyBody, {}),
  answers: { 200: changed, 202: queuedAnswer({ product_id: example.productId }) },
  problems: CHANGE_PROBLEMS,
})

export const resumeProduct = operation({
  ...operators('operate'),
  method: 'post',
  path: '/api/admin/products/{id}/resume',
  operationId: 'resumeProduct',
  summary: 'Go on with a sale',
  description: 'Undoes a pause.',
  params: productPath,
  headers: commandHeaders,
  body: optionalJsonBody(emptyBody, {}),
  answers: { 200: changed, 202: queuedAnswer({ product_id: example.productId }) },
  problems: CHANGE_PROBLEMS,
})
