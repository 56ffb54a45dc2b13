import { type Kysely, sql } from 'kysely'

/** Ids are compared byte for byte; the indexes on deadlines are the sweeper's. One order a hold. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table holds (
      hold_id varchar(64) character set ascii collate ascii_bin not null primary key,
      product_id bigint not null,
      status varchar(10) character set ascii collate ascii_bin not null,
      quantity int not null,
      requested_qty int not null,
      unit_price bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      customer_ref varbinary(255) null,
      created_at_ms bigint not null,
      expires_at_ms bigint not null,
      ttl_ms bigint not null,
      order_id varchar(64) character set ascii collate ascii_bin null,
      ended_at_ms bigint null,
      born_expires_at_ms bigint not null,
      born_version bigint not null,
      fingerprint binary(16) null,
      index holds_due (status, expires_at_ms, product_id),
      constraint holds_status check (status in ('active', 'ordered', 'released', 'expired')),
      constraint holds_quantity check (quantity > 0 and quantity <= requested_qty),
      constraint holds_ordered check ((status = 'ordered') = (order_id is not null))
    ) engine = innodb default charset = utf8mb4`.execute(db)
  await sql`
    create table orders (
      order_id varchar(64) character set ascii collate ascii_bin not null primary key,
      product_id bigint not null,
      hold_id varchar(64) character set ascii collate ascii_bin not null,
      status varchar(10) character set ascii collate ascii_bin not null,
      quantity int not null,
      unit_price bigint not null,
      amount bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      customer_ref varbinary(255) null,
      created_at_ms bigint not null,
      payment_due_at_ms bigint null,
      ended_at_ms bigint null,
      late_payment tinyint not null,
      own_payment int null,
      born_status varchar(10) character set ascii collate ascii_bin not null,
      born_version bigint not null,
      fingerprint binary(16) null,
      unique index orders_one_a_hold (hold_id),
      index orders_due (status, payment_due_at_ms, product_id),
      constraint orders_status check (status in
        ('pending', 'paid', 'confirmed', 'cancelled', 'expired', 'refund_due', 'refunded')),
      constraint orders_amount check (quantity > 0 and amount = unit_price * quantity),
      constraint orders_deadline check (status <> 'pending' or payment_due_at_ms is not null)
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
