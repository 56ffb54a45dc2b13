/** Buyers, a process of its own: each holds, orders and has it paid, and begins anew, until the time is over. */
import { openConnection } from './connection.ts'
import { makeWebhook } from './webhook.ts'

export type Buyers = {
  readonly url: string
  readonly buyers: number
  readonly seconds: number
  /** Before the seconds that count: connections are opened, and this program is compiled. */
  readonly warmSeconds: number
  readonly secret: string | null
}

const STEPS = 3

async function run({ url, buyers, seconds, warmSeconds, secret }: Buyers) {
  const webhook = makeWebhook(secret)
  const wrong: string[] = []
  let purchases = 0
  let counted = 0
  let nth = 0
  const countMs = performance.now() + warmSeconds * 1_000
  const endMs = countMs + seconds * 1_000

  async function buy(): Promise<void> {
    const connection = openConnection(url)
    while (performance.now() < endMs && wrong.length === 0) {
      try {
        await purchase(connection)
        purchases++
        const nowMs = performance.now()
        if (nowMs >= countMs && nowMs < endMs) counted++
      } catch (error) {
        wrong.push(String(error))
      }
    }
    await connection.close()
  }

  async function purchase({ post }: ReturnType<typeof openConnection>): Promise<void> {
    const hold = await post('/api/holds', '{"product_id":1,"qty":1}')
    const holdId = read(hold, [201, 'hold_id'])
    const order = await post('/api/orders', `{"hold_id":"${holdId}"}`)
    const orderId = read(order, [201, 'order_id'])
    nth++
    const id = `evt_${process.pid}_${nth}`
    const body = `{"id":"${id}","order_id":"${orderId}","status":"success"}`
    const paid = await post(webhook.path, body, webhook.headersFor(id, body))
    const status = read(paid, [200, 'order_status'])
    if (status !== 'paid') throw new Error(`an order is ${status} after its payment: ${paid.text}`)
  }

  await Promise.all(Array.from({ length: buyers }, buy))
  const commandsPerSecond = (counted * STEPS) / seconds
  return { purchases, commandsPerSecond, wrong: wrong.slice(0, 3) }
}

export type BuyersResult = Awaited<ReturnType<typeof run>>

function read(
  { status, text }: { status: number; text: string },
  [wanted, field]: [number, string],
): string {
  const value = (JSON.parse(text) as Record<string, unknown>)[field]
  if (status === wanted && typeof value === 'string') return value
  throw new Error(`${status} without ${field}: ${text}`)
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '{}') as Buyers
  console.log(JSON.stringify(await run(options)))
}
