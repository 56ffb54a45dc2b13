/** Products, as the document tells them. */
import { quantity, STOCK_MAX } from '@flashlane/core'
import { z } from 'zod'
import { eventStream, jsonAnswer, lastEventId, operation } from './operation.ts'
import { SERVICE_PROBLEMS } from './problems.ts'
import { headerRefs } from './headers.ts'
import { amount, currencyCode, ids, instant, version } from './values.ts'

const PER_PAGE_DEFAULT = 20
const PER_PAGE_MAX = 100
const PAGE_MAX = 1_000_000

/** Of whatever comes in pages. */
export const pageFields = {
  page: z.coerce.number().int().min(1).max(PAGE_MAX).default(1),
  per_page: z.coerce.number().int().min(1).max(PER_PAGE_MAX).default(PER_PAGE_DEFAULT),
}

export const listQuery = z.strictObject({
  ...pageFields,
  search: z.string().max(255).optional().meta({ description: 'What the name contains' }),
  available_only: z
    .stringbool()
    .optional()
    .meta({ description: 'Only what has units left; it may be paused or out of season' }),
})

export const productPath = z.object({ id: ids.product })

const units = z.int().min(0).max(STOCK_MAX)
/** Not told to buyers where the shop shows no more than that there are many. */
const counted = units
  .nullable()
  .meta({ description: 'Null to buyers where `STOCK_SHOWN_MAX` is set' })

export const product = z
  .object({
    id: ids.product,
    name: z.string(),
    description: z.string(),
    image: z.string().nullable(),
    price: amount,
    currency: currencyCode,
    stock_total: counted,
    stock: counted.meta({ description: 'Another name of `stock_total`' }),
    total_stock: counted.meta({ description: 'Another name of `stock_total`' }),
    held: counted,
    reserved: counted.meta({ description: 'Another name of `held`' }),
    reserved_stock: counted.meta({ description: 'Another name of `held`' }),
    sold: counted,
    sold_stock: counted.meta({ description: 'Another name of `sold`' }),
    available_stock: units,
    available: units.meta({ description: 'Another name of `available_stock`' }),
    is_sold_out: z.boolean(),
    sale_starts_at: instant.nullable(),
    sale_ends_at: instant.nullable(),
    max_per_hold: quantity.nullable(),
    max_per_customer: z.int().positive().nullable().meta({
      description: 'Counted over holds, pending and paid orders; asks for `customer_ref`',
    }),
    sale_state: z
      .enum(['scheduled', 'open', 'paused', 'ended'])
      .meta({ description: 'Just now. Holds are granted while it is `open`.' }),
    version,
  })
  .meta({ id: 'Product' })

export const productExample = {
  id: 1,
  name: 'Lightning lamp',
  description: 'One hundred of them, and a crowd at the door.',
  image: null,
  price: 4900,
  currency: 'USD',
  stock_total: 100,
  total_stock: 100,
  stock: 100,
  held: 0,
  reserved: 0,
  reserved_stock: 0,
  sold: 2,
  sold_stock: 2,
  available_stock: 98,
  available: 98,
  is_sold_out: false,
  sale_starts_at: null,
  sale_ends_at: null,
  max_per_hold: null,
  max_per_customer: null,
  sale_state: 'open',
  version: 4,
}

const page = z
  .object({
    items: z.array(product),
    total: z.int().nonnegative(),
    page: z.int().positive(),
    per_page: z.int().positive(),
  })
  .meta({ id: 'ProductPage' })

export const listProducts = operation({
  method: 'get',
  path: '/api/products',
  operationId: 'listProducts',
  tags: ['Products'],
  summary: 'List products',
  description: 'In the order of their ids.',
  query: listQuery,
  answers: {
    200: jsonAnswer('A page of products', page, {
      items: [productExample],
      total: 1,
      page: 1,
      per_page: 20,
    }),
  },
  problems: ['validation', ...SERVICE_PROBLEMS],
})

export const followProduct = operation({
  method: 'get',
  path: '/api/products/{id}/events',
  operationId: 'followProduct',
  tags: ['Products'],
  summary: 'Follow a product',
  description:
    'Server-sent events: the product at once, then whenever it has changed, ten times a second at most. The id of an event is the version.',
  params: productPath,
  headers: lastEventId,
  answers: { 200: eventStream('The events') },
  problems: ['product_not_found', 'busy', ...SERVICE_PROBLEMS],
})

export const showProduct = operation({
  method: 'get',
  path: '/api/products/{id}',
  operationId: 'showProduct',
  tags: ['Products'],
  summary: 'Show a product',
  description:
    'Whoever got an answer to a command sees its effect here, through any api process. The `ETag` is the version and the state of the sale.',
  params: productPath,
  headers: {
    'If-None-Match': z.string().optional().meta({ description: 'An `ETag`', example: '"4-open"' }),
  },
  answers: {
    200: jsonAnswer('The product', product, productExample, ['ETag', 'Cache-Control']),
    304: {
      description: 'It is what it was',
      headers: headerRefs(['X-Request-Id', 'ETag', 'Cache-Control']),
    },
  },
  problems: ['product_not_found', ...SERVICE_PROBLEMS],
})
