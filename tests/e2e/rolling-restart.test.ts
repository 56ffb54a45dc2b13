/** Deploys: processes are replaced one by one while the sale goes on, and versions meet over a migration. */
import { findProduct, migrate, migrationsPending } from '@flashlane/db'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { type Api, type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import { until } from '../support/until.ts'

/** Without an answer, while processes start and go; it is printed. Most of it is the starting, on cores that other tests share. */
const GAP_MS_MAX = 3_000
const READY_MS_MAX = 60_000
const DEPLOY_MS_MAX = 180_000
const EACH_MS = 100
/** Longer than the balancer takes to notice, on a busy machine too. */
const DRAIN_DELAY_MS = 3_000
const plenty = { stock: 1_000_000 }

let sale: Flashlane
let balancer: Balancer

async function start(): Promise<void> {
  sale = await startOwnFlashlane({
    apis: 2,
    workers: 2,
    env: { DRAIN_DELAY_MS: String(DRAIN_DELAY_MS) },
  })
  balancer = await startBalancer()
  onTestFinished(() => balancer.close())
  for (const { url } of sale.apis) await enlist(url)
}

async function enlist(url: string): Promise<void> {
  balancer.add(url)
  await until(() => balancer.isReady(url), { withinMs: READY_MS_MAX, what: 'the api is ready' })
}

type Sold = {
  readonly statuses: readonly number[]
  readonly failures: readonly string[]
  readonly gapMs: number
}

/** Buyers come evenly, whatever becomes of those before them; returns what ends that. */
function sellSteadily(productId: number): () => Promise<Sold> {
  const end = new AbortController()
  const statuses: number[] = []
  const failures: string[] = []
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
      const buyer = buy().catch((error: unknown) => void failures.push(inspect(error)))
      buyers.add(buyer)
      void buyer.then(() => buyers.delete(buyer))
      await sleep(EACH_MS)
    }
  })()
  return async () => {
    end.abort()
    await selling
    await Promise.all(buyers)
    return { statuses, failures, gapMs }
  }
}

/** As a deployment does it: under load, the new ones are ready before the old ones go, and those go in turn. */
async function replaceAllUnderLoad(productId: number): Promise<Sold> {
  const leaving = [...sale.apis, ...sale.workers]
  const endSale = sellSteadily(productId)
  const workers = [sale.startWorker(), sale.startWorker()]
  const apis = await Promise.all([sale.startApi(), sale.startApi()])
  for (const worker of workers) {
    await until(() => worker.output().includes('worker ready'), {
      withinMs: READY_MS_MAX,
      what: 'the worker is ready',
    })
  }
  for (const { url } of apis) await enlist(url)
  for (const each of leaving) {
    each.send('SIGTERM')
    expect(await each.ended()).toBe(0)
    if ('url' in each) balancer.remove(String(each.url))
  }
  return endSale()
}

const hasSold = (productId: number, count: number) =>
  until(async () => ((await findProduct(sale.database, productId))?.held ?? 0) >= count, {
    withinMs: READY_MS_MAX,
    what: `${count} are held`,
  })

/** What may not be: an answer but 201, a hold that the books do not have, a long wait. */
async function harmTo(
  productId: number,
  { statuses, failures, gapMs }: Sold,
): Promise<readonly string[]> {
  console.log(`${statuses.length} holds, the longest gap ${Math.round(gapMs)} ms`)
  const held = (await findProduct(sale.database, productId))?.held
  return [
    ...failures,
    ...statuses.filter((status) => status !== 201).map((status) => `answered ${status}`),
    ...(held === statuses.length ? [] : [`${held} held, ${statuses.length} granted`]),
    ...(gapMs < GAP_MS_MAX ? [] : [`no answer for ${gapMs} ms`]),
  ]
}

test(
  'two apis and two workers are replaced in turn under load: no request fails, and none waits long',
  async () => {
    await start()
    const productId = await sale.product(plenty)

    const sold = await replaceAllUnderLoad(productId)

    expect(await harmTo(productId, sold)).toEqual([])
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
    { withinMs: DRAIN_DELAY_MS, what: 'the api is not ready any more' },
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
    const [before, after] = [await sale.product(plenty), await sale.product(plenty)]
    const endSale = sellSteadily(before)

    await hasSold(before, 5)
    const { db } = sale.database
    await sql`alter table holds add column note varchar(64) null`.execute(db)
    await sql`alter table products add column badge int not null default 0`.execute(db)
    await sql`insert into kysely_migration (name, timestamp) values ('9999_next', '2099-01-01')`.execute(
      db,
    )
    await hasSold(before, 15)
    const soldBefore = await endSale()
    const soldAfter = await replaceAllUnderLoad(after)

    expect(await harmTo(before, soldBefore)).toEqual([])
    expect(await harmTo(after, soldAfter)).toEqual([])
    expect(await migrationsPending(sale.database)).toEqual([])
    expect(await migrate(sale.database)).toEqual([])
  },
  DEPLOY_MS_MAX,
)
