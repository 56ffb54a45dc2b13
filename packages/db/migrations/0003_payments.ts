import { type Kysely, sql } from 'kysely'

/** A payment reference belongs to one order, and a payment has one refund, over all lanes. Foreign names are kept as bytes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table payments (
      order_id varchar(64) character set ascii collate ascii_bin not null,
      n int not null,
      product_id bigint not null,
      reference varbinary(255) null,
      status varchar(10) character set ascii collate ascii_bin not null,
      amount bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      refund_parts text not null,
      primary key (order_id, n),
      unique index payments_reference (reference),
      constraint payments_status check (status in ('named', 'captured', 'refund_due', 'refunded'))
    ) engine = innodb default charset = utf8mb4`.execute(db)
  await sql`
    create table refunds (
      refund_id varchar(64) character set ascii collate ascii_bin not null primary key,
      product_id bigint not null,
      order_id varchar(64) character set ascii collate ascii_bin not null,
      reference varbinary(255) null,
      amount bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      status varchar(4) character set ascii collate ascii_bin not null,
      reason varchar(20) character set ascii collate ascii_bin not null,
      created_at_ms bigint not null,
      unique index refunds_reference (reference),
      index refunds_order (order_id),
      index refunds_status (status, created_at_ms),
      constraint refunds_status_known check (status in ('due', 'sent', 'done'))
    ) engine = innodb default charset = utf8mb4`.execute(db)
  await sql`
    create table payment_events (
      provider varchar(16) character set ascii collate ascii_bin not null,
      event_key varbinary(255) not null,
      state varchar(7) character set ascii collate ascii_bin not null,
      kind varchar(9) character set ascii collate ascii_bin not null,
      reference varbinary(255) null,
      order_id varchar(64) character set ascii collate ascii_bin null,
      hold_id varchar(64) character set ascii collate ascii_bin null,
      payment_ref varbinary(255) null,
      amount bigint null,
      currency char(3) character set ascii collate ascii_bin null,
      refund_id varbinary(255) null,
      release_on_failure tinyint not null,
      restock_on_refund tinyint not null,
      body_hash binary(16) not null,
      payload mediumblob not null,
      accepted_at_ms bigint not null,
      next_try_at_ms bigint not null,
      tries int not null,
      result varchar(16) character set ascii collate ascii_bin null,
      applied_at_ms bigint null,
      primary key (provider, event_key),
      index payment_events_reference (reference),
      index payment_events_next (state, next_try_at_ms),
      constraint payment_events_state check (state in ('waiting', 'parked', 'done')),
      constraint payment_events_result check ((state = 'done') = (result is not null))
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
