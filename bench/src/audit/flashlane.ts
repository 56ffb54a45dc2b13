/** Whether Flashlane's tables agree with each other after a run. The api is asked nothing: only the rows count. */
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise'

type ProductRow = RowDataPacket & {
  product_id: number
  stock_total: number
  held: number
  sold: number
  version: number
}
type UnitsRow = RowDataPacket & { product_id: number; held: number; sold: number }
type EntriesRow = RowDataPacket & { product_id: number; entries: number; last: number }
type CountsRow = RowDataPacket & Record<'told' | 'done' | 'dead', number>

const FAULTS_MAX = 5

/** From one snapshot: whatever still moves is seen in all tables, or in none. */
export async function auditFlashlane(pool: Pool, foreignHolds: number): Promise<readonly string[]> {
  const connection = await pool.getConnection()
  try {
    await connection.query('set session transaction isolation level repeatable read')
    await connection.query('start transaction with consistent snapshot')
    return await audit(connection, foreignHolds)
  } finally {
    await connection.query('commit')
    connection.release()
  }
}

async function audit(pool: PoolConnection, foreignHolds: number): Promise<readonly string[]> {
  const [products] = await pool.query<ProductRow[]>('select * from products')
  const [active] = await pool.query<UnitsRow[]>(
    `select product_id, cast(sum(quantity) as signed) as held, 0 as sold
      from holds where status = 'active' group by product_id`,
  )
  const [ordered] = await pool.query<UnitsRow[]>(
    `select product_id,
        cast(sum(if(status = 'pending', quantity, 0)) as signed) as held,
        cast(sum(if(status in ('paid', 'confirmed'), quantity, 0)) as signed) as sold
      from orders group by product_id`,
  )
  const [entries] = await pool.query<EntriesRow[]>(
    'select product_id, count(*) as entries, max(seq) as last from journal group by product_id',
  )
  const units = sumByProduct([...active, ...ordered])
  const journal = new Map(entries.map((row) => [row.product_id, row]))
  const faults = products.flatMap((product) =>
    faultsOf(product, units.get(product.product_id), journal.get(product.product_id)),
  )
  return [...faults.slice(0, FAULTS_MAX), ...(await unjournaled(pool, foreignHolds))]
}

type Units = { readonly held: number; readonly sold: number }

function sumByProduct(rows: readonly UnitsRow[]): Map<number, Units> {
  const sums = new Map<number, Units>()
  for (const { product_id: id, held, sold } of rows) {
    const sum = sums.get(id) ?? { held: 0, sold: 0 }
    sums.set(id, { held: sum.held + held, sold: sum.sold + sold })
  }
  return sums
}

export function faultsOf(
  product: Pick<ProductRow, 'product_id' | 'stock_total' | 'held' | 'sold' | 'version'>,
  units: Units = { held: 0, sold: 0 },
  journal: Pick<EntriesRow, 'entries' | 'last'> = { entries: 0, last: 0 },
): string[] {
  const { product_id: id, stock_total: stock, held, sold, version } = product
  const faults: string[] = []
  if (held + sold > stock) faults.push(`product ${id} is oversold: ${held} + ${sold} of ${stock}`)
  if (units.held !== held) faults.push(`product ${id} counts ${held} held, its rows ${units.held}`)
  if (units.sold !== sold) faults.push(`product ${id} counts ${sold} sold, its rows ${units.sold}`)
  if (journal.last !== version || journal.entries !== version)
    faults.push(
      `product ${id} is at version ${version}, its journal has ${journal.entries} entries up to ${journal.last}`,
    )
  return faults
}

/** Every command that the journal tells of left exactly one row: of a product, hold, order, payment event or outcome. */
async function unjournaled(pool: PoolConnection, foreignHolds: number): Promise<readonly string[]> {
  const [[counts]] = await pool.query<CountsRow[]>(
    `select
      (select cast(sum(json_length(body)) as signed) from journal) as told,
      (select count(*) from products) + (select count(*) from holds)
        + (select count(*) from orders) + (select count(*) from outcomes)
        + (select count(*) from payment_events where state = 'done') as done,
      (select count(*) from dead_letters) as dead`,
  )
  const told = counts?.told ?? 0
  const done = (counts?.done ?? 0) - foreignHolds
  const dead = counts?.dead ?? 0
  return [
    ...(told === done ? [] : [`the journal tells of ${told} commands, the tables of ${done}`]),
    ...(dead === 0 ? [] : [`there are ${dead} dead letters`]),
  ]
}
