/** What may be expired to make room for a batch that asks for more than is free. */
import { EXPIRE_MAX, EXPIRY_GRACE_MS, type State } from '@flashlane/core'
import { sql } from 'kysely'
import type { PoolConnection } from 'mysql2'
import { readDueOrders, readsOfWaiting, sendAndTake, takeHolds } from './load.ts'
import { send } from './packet.ts'
import type { HoldRow, OrderRow } from './schema.ts'
import { compile } from './statements.ts'

type Room = { readonly productId: number; readonly acceptedAtMs: number; readonly nowMs: number }

/** Holds and pending orders past their deadlines, oldest first. `decide` looks at each again. */
export async function loadDue(
  connection: PoolConnection,
  state: State,
  { productId, acceptedAtMs, nowMs }: Room,
): Promise<void> {
  const beforeMs = Math.min(acceptedAtMs, nowMs) - EXPIRY_GRACE_MS
  const [holdRows, orderRows] = (await send(connection, [
    compile(sql`
      select * from holds where status = 'active' and expires_at_ms <= ${beforeMs}
      and product_id = ${productId} order by expires_at_ms limit ${EXPIRE_MAX}`),
    compile(sql`
      select order_id, payment_due_at_ms from orders where status = 'pending'
      and payment_due_at_ms <= ${beforeMs} and product_id = ${productId}
      order by payment_due_at_ms limit ${EXPIRE_MAX}`),
  ])) as [HoldRow[], Pick<OrderRow, 'order_id' | 'payment_due_at_ms'>[]]
  takeHolds(holdRows, state)
  const dueOrderIds = orderRows.map((row) => row.order_id)
  await sendAndTake(connection, readDueOrders(dueOrderIds, state))
  await sendAndTake(connection, readsOfWaiting(state))
  const due = [
    ...holdRows.map((row) => ({ id: row.hold_id, atMs: row.expires_at_ms })),
    ...orderRows.map((row) => ({ id: row.order_id, atMs: row.payment_due_at_ms ?? 0 })),
  ]
  due.sort((a, b) => a.atMs - b.atMs)
  state.due.set(
    productId,
    due.map((each) => each.id),
  )
}
