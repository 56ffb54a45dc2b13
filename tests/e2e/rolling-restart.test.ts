/** Deploys: processes are replaced one by one while the sale goes on, and versions meet over a migration. */
import { findProduct, migrate, migrationsPending } from '@flashlane/db'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, expect, test } from 'vitest'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { type Api, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { until } from '../support/until.ts'

/** Without an answer, while processes go. */
const GAP_MS_MAX = 1_000
const READY_MS_MAX = 60_000
const DEPLOY_MS_MAX = 180_000
const EACH_MS = 100

let sale: Flashlane
let balancer: Balancer

afterEach(async () => {
  await balancer.close()
  await sale.stop()
})

async function start(): Promise<void> {
  sale = await startFlashlane({ apis: 2, workers: 2 })
  balancer = await startBalancer()
  for (const { url } of sale.apis) await enlist(url)
}

async function enlist(url: string): Promise<void> {
  balancer.add(url)
  await until(() => balancer.isReady(url), { withinMs: READY_MS_MAX, what: 'the api is ready' })
}

type Sold = { readonly statuses: readonly number[]; readonly gapMs: number }
type Sale = {
  /** From now on the longest time without an answer is measured. */
  watchGap(): void
  end(): Promise<Sold>
}

/** Buyers come evenly, whatever becomes of those before them. */
function sellSteadily(productId: number): Sale {
  const end = new AbortController()
  const statuses: number[] = []
  const buyers = new Set<Promise<void>>()
  let answeredMs = performance.now()
  let gapMs = 0
  const buy = async () => {
    const answer = await fetch(`${balancer.url}/api/holds`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ product_id: productId, qty: 1 }),
    })
    await answer.arrayBuffer()
    statuses.push(answer.status)
    const nowMs = performance.now()
    gapMs = Math.max(gapMs, nowMs - answeredMs)
    answeredMs = nowMs
  }
  const selling = (async () => {
    while (!end.signal.aborted) {
      const buyer = buy().catch(() => void statuses.push(0))
      buyers.add(buyer)
      void buyer.then(() => buyers.delete(buyer))
      await sleep(EACH_MS)
    }
  })()
  return {
    watchGap() {
      gapMs = 0
      answeredMs = performance.now()
    },
    async end() {
      end.abort()
      await selling
      await Promise.all(buyers)
      return { statuses, gapMs }
    },
  }
}

/** As a deployment does it: the new ones are ready before the old ones go, and those go in turn. */
async function replaceAll({ watchGap }: Sale): Promise<void> {
  const leaving = [...sale.apis, ...sale.workers]
  const workers = [sale.startWorker(), sale.startWorker()]
  const apis = await Promise.all([sale.startApi(), sale.startApi()])
  for (const { url } of apis) await enlist(url)
  for (const worker of workers) {
    await until(() => worker.output().includes('worker ready'), {
      withinMs: READY_MS_MAX,
      what: 'the worker is ready',
    })
  }
  // What it costs to start so much at once is the machine's affair: only tests do it on one.
  watchGap()
  for (const each of leaving) {
    each.send('SIGTERM')
    expect(await each.ended()).toBe(0)
    if ('url' in each) balancer.remove(String(each.url))
  }
}

/** Every hold was granted, soon, and is in the books: nothing was refused, and nothing taken twice. */
async function expectUnharmed(productId: number, { statuses, gapMs }: Sold): Promise<void> {
  console.log(`${statuses.length} holds, the longest gap ${Math.round(gapMs)} ms`)
  expect(new Set(statuses)).toEqual(new Set([201]))
  expect((await findProduct(sale.database, productId))?.held).toBe(statuses.length)
  expect(gapMs).toBeLessThan(GAP_MS_MAX)
}

test(
  'two apis and two workers are replaced in turn under load: no request fails, and none waits long',
  async () => {
    await start()
    const productId = await sale.product({ stock: 1_000_000 })
    const selling = sellSteadily(productId)

    await replaceAll(selling)
    const sold = await selling.end()

    await expectUnharmed(productId, sold)
  },
  DEPLOY_MS_MAX,
)

test('from SIGTERM on readiness is red, and each answer ends its connection, while the port still takes requests', async () => {
  await start()
  const leaving = sale.apis[0] as Api
  const before = await fetch(`${leaving.url}/readyz`)

  leaving.send('SIGTERM')
  const during = await until(
    async () => {
      const answer = await fetch(`${leaving.url}/readyz`)
      return answer.status === 503 && answer
    },
    { withinMs: 1_000, what: 'the api is not ready any more' },
  )
  const served = await fetch(`${leaving.url}/livez`)

  expect([before.status, served.status]).toEqual([200, 200])
  expect(before.headers.get('connection')).not.toBe('close')
  expect([during, served].map(({ headers }) => headers.get('connection'))).toEqual([
    'close',
    'close',
  ])
  expect(await leaving.ended()).toBe(0)
})

test(
  'a migration of the next version runs while this one sells: it goes on, starts again, and finds nothing to migrate',
  async () => {
    await start()
    const productId = await sale.product({ stock: 1_000_000 })
    const selling = sellSteadily(productId)

    const { db } = sale.database
    await sql`alter table holds add column note varchar(64) null`.execute(db)
    await sql`alter table products add column badge int not null default 0`.execute(db)
    await sql`insert into kysely_migration (name, timestamp) values ('9999_next', '2099-01-01')`.execute(
      db,
    )
    await replaceAll(selling)
    const sold = await selling.end()

    await expectUnharmed(productId, sold)
    expect(await migrationsPending(sale.database)).toEqual([])
    expect(await migrate(sale.database)).toEqual([])
  },
  DEPLOY_MS_MAX,
)
