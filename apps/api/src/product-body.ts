/** A product as operators write it: whole when it is made, what differs when it is changed. */
import { createProduct, type Product, stockCount } from '@flashlane/core'
import type { NewProduct, ProductTerms } from '@flashlane/db'
import { z } from 'zod'
import { keyField } from './fields.ts'

const { name, description, image, price, currency, maxPerHold, maxPerCustomer } =
  createProduct.shape

const instant = z.iso.datetime({ offset: true })

const terms = z.strictObject({
  name,
  description,
  image,
  price,
  currency,
  sale_starts_at: instant.nullable(),
  sale_ends_at: instant.nullable(),
  max_per_hold: maxPerHold,
  max_per_customer: maxPerCustomer,
})

export const newProductBody = terms
  .extend({
    description: description.default(''),
    image: image.default(null),
    currency: currency.default('USD'),
    sale_starts_at: instant.nullable().default(null),
    sale_ends_at: instant.nullable().default(null),
    max_per_hold: maxPerHold.default(null),
    max_per_customer: maxPerCustomer.default(null),
    stock_total: stockCount,
  })
  .meta({ id: 'ProductRequest' })

export const productChangesBody = terms
  .partial()
  .extend({ idempotency_key: keyField })
  .refine((body) => Object.keys(body).some((field) => field !== 'idempotency_key'), {
    message: 'says nothing to change',
  })
  .meta({ id: 'ProductChanges' })

type Terms = z.infer<typeof terms>

const NAMES = {
  name: 'name',
  description: 'description',
  image: 'image',
  price: 'price',
  currency: 'currency',
  sale_starts_at: 'saleStartsAtMs',
  sale_ends_at: 'saleEndsAtMs',
  max_per_hold: 'maxPerHold',
  max_per_customer: 'maxPerCustomer',
} as const satisfies Record<keyof Terms, keyof Product>

/** What a body says, under our names and with instants in ms. */
export function termsIn(
  body: { readonly [Field in keyof Terms]?: Terms[Field] | undefined },
): Partial<ProductTerms> {
  const said = Object.entries(NAMES).flatMap(([field, term]) => {
    const value = body[field as keyof Terms]
    if (value === undefined) return []
    const isInstant = term === 'saleStartsAtMs' || term === 'saleEndsAtMs'
    return [[term, isInstant && value !== null ? Date.parse(String(value)) : value]]
  })
  return Object.fromEntries(said) as Partial<ProductTerms>
}

export const newProductIn = (body: z.infer<typeof newProductBody>): NewProduct => ({
  ...(termsIn(body) as Omit<ProductTerms, 'isPaused'>),
  isPaused: false,
  stockTotal: body.stock_total,
})
