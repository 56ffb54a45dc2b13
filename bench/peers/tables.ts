/** The tables of the peers that keep their holds in MySQL: products and holds, and nothing that the others do not need. */
import type { Pool } from 'mysql2/promise'
import { CURRENCY, PRICE } from './catalogue.ts'

export async function makeTables(
  pool: Pool,
  { products, stock }: { products: number; stock: number },
): Promise<void> {
  await pool.query(`
    create table products (
      product_id bigint not null auto_increment primary key,
      name varchar(255) not null,
      price bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      stock_total bigint not null,
      held bigint not null,
      sold bigint not null,
      version bigint not null,
      check (held >= 0 and sold >= 0 and held + sold <= stock_total)
    ) engine = innodb default charset = utf8mb4`)
  await pool.query(`
    create table holds (
      hold_id varchar(64) character set ascii collate ascii_bin not null primary key,
      product_id bigint not null,
      status varchar(10) character set ascii collate ascii_bin not null,
      quantity int not null,
      unit_price bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      created_at_ms bigint not null,
      expires_at_ms bigint not null,
      index holds_due (status, expires_at_ms)
    ) engine = innodb default charset = utf8mb4`)
  const rows = Array.from({ length: products }, () => ['Sneaker', PRICE, CURRENCY, stock, 0, 0, 1])
  await pool.query(
    'insert into products (name, price, currency, stock_total, held, sold, version) values ?',
    [rows],
  )
}
