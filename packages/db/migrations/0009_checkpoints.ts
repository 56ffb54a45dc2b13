import { type Kysely, sql } from 'kysely'

/** From where the audit goes on once what lies before is pruned: the product as an entry of its journal left it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table checkpoints (
      product_id bigint not null primary key,
      seq bigint not null,
      applied_at_ms bigint not null,
      body text not null
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
