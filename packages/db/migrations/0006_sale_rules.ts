import { type Kysely, sql } from 'kysely'

/** When a product is sold, and how much of it to whom. The defaults let a worker of the version before go on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table products
      add column sale_starts_at_ms bigint null,
      add column sale_ends_at_ms bigint null,
      add column max_per_hold int null,
      add column max_per_customer int null,
      add column is_paused tinyint not null default 0,
      add constraint products_sale_window
        check (sale_starts_at_ms is null or sale_ends_at_ms is null or sale_starts_at_ms < sale_ends_at_ms)`.execute(
    db,
  )
  await sql`
    alter table holds
      add column extensions int not null default 0,
      add index holds_customer (customer_ref, product_id)`.execute(db)
  await sql`alter table orders add index orders_customer (customer_ref, product_id)`.execute(db)
}
