import { type Kysely, sql } from 'kysely'

/** The journal's two keys make every batch take effect exactly once, and its order the product's. Bodies stay as written: a JSON column would reorder them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table journal (
      product_id bigint not null,
      seq bigint not null,
      batch_id char(26) character set ascii collate ascii_bin not null,
      applied_at_ms bigint not null,
      rules int not null,
      body mediumtext not null,
      primary key (product_id, seq),
      unique index journal_batch (batch_id, product_id)
    ) engine = innodb default charset = utf8mb4`.execute(db)
  await sql`
    create table outcomes (
      command_id varchar(64) character set ascii collate ascii_bin not null primary key,
      type varchar(16) character set ascii collate ascii_bin not null,
      body text not null,
      fingerprint binary(16) null,
      accepted_at_ms bigint not null,
      applied_at_ms bigint not null
    ) engine = innodb default charset = utf8mb4`.execute(db)
  await sql`
    create table dead_letters (
      batch_id varchar(64) character set ascii collate ascii_bin not null,
      n int not null,
      product_id bigint null,
      buried_at_ms bigint not null,
      reason varchar(1000) not null,
      body mediumtext not null,
      primary key (batch_id, n)
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
