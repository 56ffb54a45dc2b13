/** Every peer answers as Flashlane does: each header and field costs whoever writes it, and wrk that reads it. */
import { type Contestant, WAYS } from './contestants/contestant.ts'
import { makeWebhook } from './load/webhook.ts'

/** Asks a server, one request after another, for what is measured. */
export type Ask = (url: string) => Promise<readonly Answer[]>
type Answer = { readonly what: string; readonly response: Response; readonly body: object }

/** In what the answers of `peers` differ from `flashlane`'s, in words: in status, headers and fields, whatever their values. */
export async function unlike(
  flashlane: Contestant,
  peers: readonly Contestant[],
  ask: Ask,
): Promise<string[]> {
  const shape = shapeOf(await ask(flashlane.url))
  const faults: string[] = []
  for (const peer of peers) {
    const differing = shapeOf(await ask(peer.url)).symmetricDifference(shape)
    if (differing.size > 0)
      faults.push(
        `${WAYS[peer.way]} answers otherwise than Flashlane: ${[...differing].toSorted().join('; ')}`,
      )
  }
  return faults
}

const shapeOf = (answers: readonly Answer[]): Set<string> =>
  new Set(
    answers.flatMap(({ what, response, body }) => [
      `${what}, status ${response.status}`,
      ...[...response.headers.keys()].map((name) => `${what}, header ${name}`),
      ...Object.keys(body).map((field) => `${what}, field ${field}`),
    ]),
  )

export const askForHold: Ask = async (url) => [
  await post(`${url}/api/holds`, '{"product_id":1,"qty":1}'),
]

export const askForProduct: Ask = async (url) => [
  await answerOf('product', await fetch(`${url}/api/products/1`)),
]

export const askForPurchase =
  (secret: string | null): Ask =>
  async (url) => {
    const [hold] = await askForHold(url)
    const order = await post(
      `${url}/api/orders`,
      JSON.stringify({ hold_id: idIn(hold, 'hold_id') }),
    )
    const id = `evt_alike_${process.pid}`
    const event = JSON.stringify({ id, order_id: idIn(order, 'order_id'), status: 'success' })
    const { path, headersFor } = makeWebhook(secret)
    return [hold, order, await post(url + path, event, headersFor(id, event))].filter(
      (each) => each !== undefined,
    )
  }

async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return answerOf(url.slice(url.lastIndexOf('/') + 1), response)
}

const answerOf = async (what: string, response: Response): Promise<Answer> => ({
  what,
  response,
  body: (await response.json()) as object,
})

const idIn = (answer: Answer | undefined, field: string): unknown =>
  new Map(Object.entries(answer?.body ?? {})).get(field)
