/** What operators do, as the document tells it; their bodies, as the routes parse them. */
import { STOCK_MAX, stockCount } from '@flashlane/core'
import { z } from 'zod'
import { keyField } from '../fields.ts'
import { newProductBody } from '../product-body.ts'
import { commandHeaders, OUTCOME_HEADERS } from './headers.ts'
import { jsonAnswer, jsonBody, operation } from './operation.ts'
import { BODY_PROBLEMS, COMMAND_PROBLEMS, SERVICE_PROBLEMS } from './problems.ts'
import { product, productExample, productPath } from './products.ts'
import { queuedAnswer } from './queued.ts'
import { example, version } from './values.ts'

export const stockBody = z
  .strictObject({
    delta: z.int().min(-STOCK_MAX).max(STOCK_MAX).optional(),
    set: stockCount.optional(),
    idempotency_key: keyField.meta({ description: 'As the header, which wins' }),
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

const operators = { tags: ['Operators'] as const, security: [{ operatorToken: [] as [] }] }

export const createProduct = operation({
  ...operators,
  method: 'post',
  path: '/api/admin/products',
  operationId: 'createProduct',
  summary: 'Put a product on sale',
  description: 'It is on sale at once. It takes no `Idempotency-Key`: sent twice, it makes two.',
  body: jsonBody(newProductBody, { name: 'Desk lamp', price: 2500, stock_total: 10 }),
  answers: {
    201: jsonAnswer('The product', product, productExample, ['Location']),
  },
  problems: ['unauthorized', 'unsupported_media_type', ...BODY_PROBLEMS, ...SERVICE_PROBLEMS],
})

export const adjustStock = operation({
  ...operators,
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
    'unauthorized',
    'unsupported_media_type',
    'product_not_found',
    'stock_below_committed',
    'stock_above_limit',
    ...COMMAND_PROBLEMS,
  ],
})
