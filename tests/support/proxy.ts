/** A TCP proxy on a loopback port: takes a server away from one process and leaves it to the others, or does worse. */
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { createPipe, type Pipe, type Shape } from './proxy-pipe.ts'

export type Proxy = {
  /** `url` with the proxy's port instead of the server's. */
  through(url: string): string
  /** Ends all connections, and every new one at once. */
  cut(): void
  /** Ends the connections that there are; new ones work. */
  reset(): void
  /** Keeps all connections, and lets nothing through: a network that swallows packets. */
  freeze(): void
  /** Lets nothing through the connections that there are, while new ones work: a server that went without a word. */
  forget(): void
  restore(): void
  /** Slower and less sure from here on; `{}` is the plain network again. */
  shape(shape: Shape): void
  /** Waits for what a client sends, and does it to that connection. */
  trap(trap: Trap): void
  /** How many traps have caught what they waited for, since the start. */
  caught(): number
  close(): Promise<void>
}

/** `unsent`: it never arrives, and the connection ends. `unanswered`: it arrives, and the connection ends before the reply. `silent`: as that, but nobody is told. */
export type Trap = {
  readonly what: string
  readonly fate: 'unsent' | 'unanswered' | 'silent'
  /** How many times before it is gone; 1. */
  readonly times?: number
}

type Link = { readonly client: Socket; readonly up: Pipe; readonly down: Pipe }

/** Pieces of a packet are looked at with this much of the piece before. */
const OVERLAP = 64

export async function startProxy(target: { host: string; port: number }): Promise<Proxy> {
  const links = new Set<Link>()
  const traps: { what: string; fate: Trap['fate']; times: number }[] = []
  let shape: Shape = {}
  let isCut = false
  let isFrozen = false
  let caught = 0

  function spring(seen: string): Trap['fate'] | null {
    const at = traps.findIndex(({ what }) => seen.includes(what))
    const trap = traps[at]
    if (!trap) return null
    if (--trap.times === 0) traps.splice(at, 1)
    caught++
    return trap.fate
  }

  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const upstream = connect(target)
    const up = createPipe(client, upstream, () => shape)
    const down = createPipe(upstream, client, () => shape)
    const link: Link = { client, up, down }
    links.add(link)
    let tail = ''
    let isUnanswered = false
    client.on('data', (bytes) => {
      if (isUnlucky(shape)) return void client.resetAndDestroy()
      const seen = traps.length > 0 ? tail + bytes.toString('latin1') : ''
      tail = seen.slice(-OVERLAP)
      const fate = spring(seen)
      if (fate === 'unsent') return void client.resetAndDestroy()
      up.take(bytes)
      if (fate === null) return
      tail = ''
      down.swallow()
      isUnanswered = fate === 'unanswered'
    })
    upstream.on('data', (bytes) => {
      if (isUnanswered || isUnlucky(shape)) return void client.resetAndDestroy()
      down.take(bytes)
    })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        links.delete(link)
        other.destroy()
      })
    }
    if (isFrozen) hold(link)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const endAll = () => {
    for (const { client } of links) client.destroy()
  }

  return {
    through(url) {
      const proxied = new URL(url)
      proxied.hostname = '127.0.0.1'
      proxied.port = String(port)
      return proxied.href
    },
    cut() {
      isCut = true
      endAll()
    },
    reset() {
      for (const { client } of links) client.resetAndDestroy()
    },
    freeze() {
      isFrozen = true
      links.forEach(hold)
    },
    forget: () => links.forEach(hold),
    restore() {
      isCut = false
      isFrozen = false
      for (const { up, down } of links) {
        up.release()
        down.release()
      }
    },
    shape(wanted) {
      shape = wanted
    },
    trap({ what, fate, times = 1 }) {
      traps.push({ what, fate, times })
    },
    caught: () => caught,
    async close() {
      endAll()
      server.close()
      await once(server, 'close')
    },
  }
}

function hold({ up, down }: Link): void {
  up.hold()
  down.hold()
}

const isUnlucky = ({ resets = 0 }: Shape): boolean => resets > 0 && Math.random() < resets
