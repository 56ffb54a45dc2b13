import { sql } from 'kysely'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { placeAnOrder, timed } from '../load/one-order.ts'
import type { Row, Scene } from '../row.ts'
import type { Stage } from '../stage/stage.ts'

const FROZEN_MS = 10_000
const RECOVERY_MS = 5_000
const CONNECTIONS = 120
const EXHAUSTED_MS = 4_000
const KILLS = 60
const STORM_MS = 4_000
const STORMERS = 4
/** Past its wait, a command is queued or refused, never left alone. */
const ANSWERED_MS_MAX = 6_000

export const mysqlRefuses: Row = {
  id: 14,
  title: 'MySQL is frozen, has no connection left, kills ours, or is full of deadlocks',
  fault: 'SIGSTOP for 10 s; max_connections taken; KILL of random connections; a deadlock storm',
  breaksMysql: true,
  mysql: { settings: [`--max-connections=${CONNECTIONS}`] },
  async run(scene) {
    for (const make of [freeze, exhaust, killAtRandom, storm]) {
      await make(scene)
      await scene.sells(50)
    }
  },
}

async function freeze(scene: Scene): Promise<void> {
  const { stage, load, note, lasts, recovers, demand, patience } = scene
  const payment = await placeAnOrder(load, load.products[0] ?? 0)
  note('MySQL is frozen')
  stage.mysql().freeze()
  const { product } = payment
  const asked = { op: 'hold', process: 'during: frozen', product, key: 'frozen' } as const
  const request = { path: '/api/holds', body: { product_id: product, qty: 1 } }
  const [hold, paid] = await Promise.all([
    timed(() => load.recorder.send(stage.apiUrl(), asked, request)),
    timed(() => load.provider.captureAndTell(payment)),
    lasts(FROZEN_MS),
  ])
  stage.mysql().thaw()
  await recovers('MySQL is thawed', RECOVERY_MS)
  for (const [what, { answer, ms }] of Object.entries({ hold, payment: paid })) {
    const isFine =
      answer?.status === 202 || (answer?.status === 503 && answer.headers.has('retry-after'))
    demand(
      isFine,
      `MySQL is frozen: a ${what} was answered ${answer?.status}, not 202 nor 503 with Retry-After`,
    )
    demand(
      ms <= ANSWERED_MS_MAX * patience,
      `MySQL is frozen: a ${what} was answered after ${ms} ms`,
    )
  }
}

/** Takes what there is while ours have to connect anew. */
async function exhaust({ stage, note, lasts, recovers }: Scene): Promise<void> {
  const taken: { destroy(): void }[] = []
  const take = () =>
    createConnection({ uri: stage.mysqlUrl }).then(
      (connection) => {
        connection.on('error', () => {})
        return taken.push(connection)
      },
      () => 0,
    )
  await Promise.all(Array.from({ length: CONNECTIONS }, take))
  stage.links.workerMysql.reset()
  stage.links.apiMysql.reset()
  await Promise.all(Array.from({ length: CONNECTIONS }, take))
  note(`${taken.length} connections to MySQL are taken by others`)
  await lasts(EXHAUSTED_MS)
  for (const connection of taken) connection.destroy()
  await recovers('MySQL has connections again', RECOVERY_MS)
}

async function killAtRandom({
  stage,
  random,
  note,
  lasts,
  recovers,
  demand,
}: Scene): Promise<void> {
  // A user may kill its own.
  const killer = await createConnection({ uri: stage.appUrl })
  let killed = 0
  for (let n = 0; n < KILLS; n++) {
    const [rows] = await killer.query<RowDataPacket[]>(
      'select id from information_schema.processlist where db = database() and id <> connection_id()',
    )
    if (rows.length > 0) {
      const id = Number(random.pick(rows)['id'])
      await killer.query(`kill ${id}`).then(
        () => killed++,
        () => {}, // It has ended meanwhile.
      )
    }
    await lasts(50)
  }
  killer.destroy()
  note(`${killed} connections of ours were killed`)
  demand(killed > KILLS / 2, `only ${killed} connections were killed: the fault was none`)
  await recovers('no connection is killed any more', RECOVERY_MS)
}

/** Others lock holds and then their product, where a worker locks the product first. */
async function storm({ stage, load, note, recovers, demand }: Scene): Promise<void> {
  const { db } = stage.database
  const before = await deadlocksOf(stage)
  const endMs = performance.now() + STORM_MS
  const [product = 0] = load.products
  const rage = async () => {
    while (performance.now() < endMs) {
      // Whoever is rolled back, tries again.
      await db
        .transaction()
        .execute(async (trx) => {
          await sql`select hold_id from holds where product_id = ${product}
            order by created_at_ms desc limit 50 for update`.execute(trx)
          await sql`select * from products where product_id = ${product} for update`.execute(trx)
        })
        .catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: STORMERS }, rage))
  const deadlocks = (await deadlocksOf(stage)) - before
  note(`others lock rows in the wrong order: ${deadlocks} deadlocks`)
  demand(deadlocks > 0, 'there was no deadlock: the fault was none')
  await recovers('the deadlocks are over', RECOVERY_MS)
}

async function deadlocksOf({ database }: Stage): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count from information_schema.innodb_metrics where name = 'lock_deadlocks'
  `.execute(database.db)
  return Number(rows[0]?.count)
}
