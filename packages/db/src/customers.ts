/** What customers have of a product, which is read only where the product limits it. */
import { customerKey, type Hold, type State } from '@flashlane/core'
import { sql } from 'kysely'
import { list, type Read } from './load.ts'
import { holdOf, toBytes } from './rows.ts'
import type { HoldRow } from './schema.ts'
import { compile } from './statements.ts'

type CustomerRow = { customer_ref: Buffer; units: string }

export type CustomersAsked = {
  readonly productId: number
  readonly customerRefs: readonly string[]
}

/** Their active holds, and the units of their orders that count. */
export function readCustomers({ productId, customerRefs }: CustomersAsked, state: State): Read[] {
  const named = sql`product_id = ${productId} and customer_ref in (${list(customerRefs.map(toBytes))})`
  for (const customerRef of customerRefs) {
    state.customers.set(customerKey(productId, customerRef), { units: 0, activeHoldIds: [] })
  }
  return [
    {
      query: compile(sql`
        select * from holds force index (holds_customer) where ${named} and status = 'active'`),
      take: (rows) => {
        for (const hold of (rows as HoldRow[]).map(holdOf)) {
          state.holds.set(hold.holdId, hold)
          countCustomer(state, hold, { units: hold.quantity, holdIds: [hold.holdId] })
        }
      },
    },
    {
      query: compile(sql`
        select customer_ref, cast(sum(quantity) as char) as units
        from orders force index (orders_customer)
        where ${named} and status in ('pending', 'confirmed', 'paid') group by customer_ref`),
      take: (rows) => {
        for (const row of rows as CustomerRow[]) {
          const customer = { productId, customerRef: String(row.customer_ref) }
          countCustomer(state, customer, { units: Number(row.units), holdIds: [] })
        }
      },
    },
  ]
}

function countCustomer(
  state: State,
  { productId, customerRef }: Pick<Hold, 'productId' | 'customerRef'>,
  more: { readonly units: number; readonly holdIds: readonly string[] },
): void {
  const key = customerKey(productId, customerRef ?? '')
  const { units = 0, activeHoldIds = [] } = state.customers.get(key) ?? {}
  state.customers.set(key, {
    units: units + more.units,
    activeHoldIds: [...activeHoldIds, ...more.holdIds],
  })
}
