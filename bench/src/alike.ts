/** Every peer answers as Flashlane does: each header and field costs whoever writes it, and wrk that reads it. */
import { type Contestant, WAYS } from './contestants/contestant.ts'

type Asked = { readonly method: 'GET' | 'POST'; readonly path: string }

const HOLD_BODY = '{"product_id":1,"qty":1}'

/** In what the answers of `peers` differ from `flashlane`'s, in words: in headers and fields, whatever their values. */
export async function unlike(
  flashlane: Contestant,
  peers: readonly Contestant[],
  asked: Asked,
): Promise<string[]> {
  const shape = await shapeOf(flashlane, asked)
  const faults: string[] = []
  for (const peer of peers) {
    const own = await shapeOf(peer, asked)
    const differing = [...own.symmetricDifference(shape)].toSorted()
    if (differing.length > 0)
      faults.push(
        `${WAYS[peer.way]} answers ${asked.method} ${asked.path} otherwise than Flashlane: ${differing.join(', ')}`,
      )
  }
  return faults
}

async function shapeOf({ url }: Contestant, { method, path }: Asked): Promise<Set<string>> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(
    url + path,
    method === 'GET' ? {} : { method, headers, body: HOLD_BODY },
  )
  const body = (await response.json()) as object
  return new Set([
    `status ${response.status}`,
    ...[...response.headers.keys()].map((name) => `header ${name}`),
    ...Object.keys(body).map((field) => `field ${field}`),
  ])
}
