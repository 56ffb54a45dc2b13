import { type Kysely, sql } from 'kysely'

/** What all processes must agree on: the layout of lanes, the secret that ids are derived with. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table settings (
      name varchar(32) character set ascii collate ascii_bin not null primary key,
      value varchar(255) character set ascii collate ascii_bin not null
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
