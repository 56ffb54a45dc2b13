/** Values that many answers have. */
import { commandId, currency, holdId, money, orderId, productId } from '@flashlane/core'
import { z } from 'zod'

export const instant = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'ISO 8601, UTC', example: '2026-11-21T02:31:12.494Z' })

export const version = z.int().nonnegative().meta({
  description: 'The product’s: counts its batches of commands. A higher one is later.',
})

export const ids = { command: commandId, hold: holdId, order: orderId, product: productId }
export const amount = money.meta({ description: 'In minor units of the currency' })
export const currencyCode = currency.meta({ description: 'ISO 4217' })

const X = '01m7xz31v8b8swmmzdfbzctd9a'
/** Those of the examples: one purchase. */
export const example = {
  productId: 1,
  commandId: `cmd_1_${X}`,
  holdId: `hold_1_${X}`,
  orderId: `ord_1_${X}`,
  at: '2026-11-21T02:31:12.494Z',
  holdEnds: '2026-11-21T02:33:12.494Z',
  paymentDue: '2026-11-21T02:46:12.494Z',
}
