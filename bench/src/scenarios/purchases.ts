/**
 * P7: whole purchases by a client of ours. Beside wrk's ceiling stands what the same client reaches at endpoints that do
 * nothing: it reads and writes JSON, and takes far more of the processors than wrk.
 */
import type { RowDataPacket } from 'mysql2/promise'
import { PRICE } from '../../peers/catalogue.ts'
import { askForPurchase, unlike } from '../alike.ts'
import type { Bench } from '../bench.ts'
import type { Claim } from '../claim.ts'
import { describe, flashlaneMemory, HOLD, processorNote } from '../contest.ts'
import { type Contestant, processesOf, WAYS } from '../contestants/contestant.ts'
import { type Flashlane, startFlashlane } from '../contestants/flashlane.ts'
import { startPeer } from '../contestants/peer.ts'
import { STOCK } from '../contestants/start.ts'
import { inTurn } from '../in-turn.ts'
import { runBuyers } from '../load/client.ts'
import { BUSY_SHARE_MAX, type Faults, measure } from '../measure.ts'
import { type ProcessorUs, startMeter } from '../proc.ts'
import type { Section } from '../section.ts'

const BUYERS = 256
/** Commands of a purchase: hold, order, payment. */
const STEPS = 3

export async function purchases(bench: Bench): Promise<Section> {
  const { plan, say, webhookSecret: secret } = bench
  const sale = { products: 1, stock: STOCK }
  const [flashlane, noop] = await Promise.all([
    startFlashlane(bench, sale),
    startPeer(bench, 'noop', sale),
  ])
  const faults: Faults = await unlike(flashlane, [noop], askForPurchase(secret))
  // The one that was asked for beforehand.
  let bought = 1

  const processorUs: ProcessorUs[] = []
  async function buy(from: Contestant, seconds: number): Promise<number> {
    const name = WAYS[from.way]
    const meter = startMeter(processesOf(from))
    const result = await runBuyers({
      url: from.url,
      buyers: BUYERS,
      seconds,
      warmSeconds: 1,
      secret,
    })
    if (from === flashlane) {
      bought += result.purchases
      processorUs.push(meter(result.purchases * STEPS))
    }
    faults.push(...result.wrong.map((each) => `${name}: ${each}`))
    if (result.cameAgain > result.purchases * BUSY_SHARE_MAX)
      faults.push(`${name}: ${result.cameAgain} came again for ${result.purchases} purchases`)
    say(`${name}, ${BUYERS} buyers: ${Math.round(result.commandsPerSecond)} commands/s`)
    return result.commandsPerSecond
  }
  async function hold(): Promise<number> {
    const run = await measure(noop, { ...HOLD, clients: BUYERS, seconds: plan.seconds }, { faults })
    say(`${WAYS.noop}, by wrk: ${describe(run)}`)
    return run.grantedPerSecond
  }

  await buy(flashlane, plan.warmSeconds)
  await buy(noop, plan.warmSeconds)
  const results = await inTurn(plan.rounds, [
    { key: 'no-op, wrk', measure: hold },
    { key: 'no-op', measure: () => buy(noop, plan.seconds) },
    { key: 'flashlane', measure: () => buy(flashlane, plan.seconds) },
  ])

  faults.push(...(await flashlane.audit()), ...(await auditMoney(flashlane, bought)))
  const memory = flashlaneMemory(flashlane)
  await Promise.all([flashlane.stop(), noop.stop()])
  const claim = (name: string, values: readonly number[]): Claim => ({
    scenario: 'P7',
    what: `commands of whole purchases, ${BUYERS} buyers`,
    values: results.of('flashlane'),
    unit: '/s',
    other: { kind: 'ceiling', name, values },
    bar: { atLeast: 0.45 },
  })
  return {
    title: 'Whole purchases',
    claims: [
      claim('no-op holds by wrk', results.of('no-op, wrk')),
      claim('no-op, by the same buyers', results.of('no-op')),
    ],
    ceiling: results.of('no-op, wrk'),
    memory,
    faults,
    notes: [
      `the payments' webhooks were ${secret === null ? 'not signed' : 'signed'}`,
      `${bought} purchases, each sold and paid once`,
      processorNote('command', WAYS.flashlane, processorUs.slice(1)),
    ],
  }
}

/** No buyer was cut off: what they bought is exactly what was sold, and what was paid. */
async function auditMoney({ pool }: Flashlane, bought: number): Promise<readonly string[]> {
  const [[row]] = await pool.query<RowDataPacket[]>(
    `select
      (select cast(sum(sold) as signed) from products) as sold,
      (select cast(sum(held) as signed) from products) as held,
      (select count(*) from orders where status = 'paid') as paid,
      (select coalesce(cast(sum(amount) as signed), 0) from payments
        where status = 'captured') as money,
      (select count(*) from refunds) as refunds,
      (select count(*) from payment_events where state = 'done' and result = 'applied') as events`,
  )
  const wanted = {
    sold: bought,
    held: 0,
    paid: bought,
    money: bought * PRICE,
    refunds: 0,
    events: bought,
  }
  return Object.entries(wanted)
    .filter(([name, value]) => Number(row?.[name]) !== value)
    .map(([name, value]) => `after ${bought} purchases ${name} is ${row?.[name]}, not ${value}`)
}
