/** A client that follows a stream of server-sent events. */
export type ServerEvent = {
  readonly event: string
  readonly id: string | null
  readonly data: Record<string, unknown>
}

export type EventStream = {
  readonly status: number
  readonly headers: Headers
  /** All that came so far. */
  text(): string
  events(): ServerEvent[]
  /** The versions of a product's events. */
  versions(): number[]
  /** Ended by the server, in order. */
  isOver(): boolean
  close(): Promise<void>
}

export async function openEventStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const ending = new AbortController()
  const response = await fetch(url, { headers, signal: ending.signal })
  const decoder = new TextDecoder()
  let text = ''
  let isOver = false
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    isOver = true
  })().catch(() => {
    // Cut off, by us or by the server: then `isOver` stays false, which is what a test looks at.
  })
  const events = () => parse(text)
  return {
    status: response.status,
    headers: response.headers,
    text: () => text,
    events,
    versions: () => events().map(({ id }) => Number(id)),
    isOver: () => isOver,
    async close() {
      ending.abort()
      await reading
    },
  }
}

const parse = (text: string): ServerEvent[] =>
  text.split('\n\n').flatMap((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null
    const [event, data] = [field('event'), field('data')]
    if (event === null || data === null) return []
    return [{ event, id: field('id'), data: JSON.parse(data) as Record<string, unknown> }]
  })
