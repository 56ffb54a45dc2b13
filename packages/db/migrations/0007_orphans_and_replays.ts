import { type Kysely, sql } from 'kysely'

/** Money whose order never came goes back too, without an order. A dead letter says what became of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table refunds
      modify column product_id bigint null,
      modify column order_id varchar(64) character set ascii collate ascii_bin null,
      modify column amount bigint null,
      modify column currency char(3) character set ascii collate ascii_bin null,
      add column provider varchar(16) character set ascii collate ascii_bin null,
      add column event_key varbinary(255) null`.execute(db)
  await sql`
    alter table dead_letters
      add column replayed_at_ms bigint null,
      add column replayed_as varchar(64) character set ascii collate ascii_bin null,
      add index dead_letters_buried (buried_at_ms)`.execute(db)
}
