/** What a hold or an order is of, as a list. */
import { quantity } from '@flashlane/core'
import { z } from 'zod'
import { amount, ids } from './values.ts'

export const boughtItems = z
  .array(
    z.object({
      product_id: ids.product,
      product_name: z.string().nullable(),
      quantity,
      price_per_unit: amount,
      total_price: amount,
    }),
  )
  .length(1)

export const boughtItemsExample = [
  {
    product_id: 1,
    product_name: 'Lightning lamp',
    quantity: 2,
    price_per_unit: 4900,
    total_price: 9800,
  },
]
