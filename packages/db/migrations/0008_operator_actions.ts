import { type Kysely, sql } from 'kysely'

/** What operators changed: written before it is done, and once more when it is known what came of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table operator_actions (
      action_id varchar(64) character set ascii collate ascii_bin not null primary key,
      begun_at_ms bigint not null,
      ended_at_ms bigint null,
      operator varchar(32) character set ascii collate ascii_bin not null,
      action varchar(32) character set ascii collate ascii_bin not null,
      target varchar(64) character set ascii collate ascii_bin null,
      request_id varchar(128) character set ascii collate ascii_bin not null,
      outcome varchar(64) character set ascii collate ascii_bin null,
      command_id varchar(64) character set ascii collate ascii_bin null,
      index operator_actions_begun (begun_at_ms),
      index operator_actions_operator (operator, begun_at_ms)
    ) engine = innodb default charset = utf8mb4`.execute(db)
}
