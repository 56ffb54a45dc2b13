import { type Kysely, sql } from 'kysely'

/** Counters restate the first promise: never more held and sold than there is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table products (
      product_id bigint not null auto_increment primary key,
      name varchar(255) not null,
      description varchar(4000) not null,
      image varchar(2000) null,
      price bigint not null,
      currency char(3) character set ascii collate ascii_bin not null,
      stock_total bigint not null,
      held bigint not null,
      sold bigint not null,
      version bigint not null,
      applied_at_ms bigint not null,
      constraint products_never_oversold check (held >= 0 and sold >= 0 and held + sold <= stock_total)
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
