/** Buyers, a process of its own: each holds, orders and has it paid, and begins anew, until the time is over. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, type Connection, openConnection } from './connection.ts'
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
/** Of a step that is not told yes or no: 30 s and more, since each look waits too. */
const TRIES_MAX = 60
const PAUSE_MS = 500
const LOOK_WAIT_S = 10

async function run({ url, buyers, seconds, warmSeconds, secret }: Buyers) {
  const webhook = makeWebhook(secret)
  const wrong: string[] = []
  let purchases = 0
  let counted = 0
  let nth = 0
  let cameAgain = 0
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

  async function purchase(connection: Connection): Promise<void> {
    const { post } = connection
    const command = (path: string, request: string) =>
      untilTold(
        () => post(path, request),
        (answer) => outcomeOf(connection, answer),
      )
    const hold = await command('/api/holds', '{"product_id":1,"qty":1}')
    const holdId = read(hold, [201, 'hold_id'])
    const order = await command('/api/orders', `{"hold_id":"${holdId}"}`)
    const orderId = read(order, [201, 'order_id'])
    nth++
    const id = `evt_${process.pid}_${nth}`
    const body = `{"id":"${id}","order_id":"${orderId}","status":"success"}`
    const paid = await untilTold(
      () => post(webhook.path, body, webhook.headersFor(id, body)),
      () => null,
    )
    const status = read(paid, [200, 'order_status'])
    if (status !== 'paid') throw new Error(`an order is ${status} after its payment: ${paid.text}`)
  }

  /** A buyer who is told to come later asks what became of the request, and sends it again if it was not taken. */
  async function untilTold(
    send: () => Promise<Answer>,
    outcome: (answer: Answer) => Promise<Answer | null> | null,
  ): Promise<Answer> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await send()
      if (!isLater(answer)) return answer
      cameAgain++
      await pause(PAUSE_MS)
      const told = await outcome(answer)
      if (told) return told
    }
    throw new Error(`not told yes or no in ${TRIES_MAX} tries`)
  }

  await Promise.all(Array.from({ length: buyers }, buy))
  const commandsPerSecond = (counted * STEPS) / seconds
  return { purchases, commandsPerSecond, cameAgain, wrong: wrong.slice(0, 3) }
}

const isLater = ({ status }: Answer): boolean => status === 202 || status === 503

/** What a command that may have been taken was answered in the end; null where it was not taken. */
async function outcomeOf(connection: Connection, answer: Answer): Promise<Answer | null> {
  const { command_id: id } = JSON.parse(answer.text) as { command_id?: string }
  if (id === undefined) return null
  for (let looks = 0; looks < TRIES_MAX; looks++) {
    const { status, text } = await connection.get(`/api/commands/${id}?wait=${LOOK_WAIT_S}`)
    if (status === 404) return null
    const command = status === 200 && (JSON.parse(text) as Command)
    if (command && command.status === 'applied')
      return { status: command.http_status, text: JSON.stringify(command.result) }
    await pause(PAUSE_MS)
  }
  throw new Error(`nothing became of ${id} in ${TRIES_MAX} looks`)
}

type Command = {
  readonly status: string
  readonly http_status: number
  readonly result: unknown
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
