/** Connections by the thousand, as many as this process may have open. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSocket } from './raw.ts'

/** For everything else. */
const FILES_KEPT = 1_000
/** At once, so that none waits for its place in the kernel's queue. */
const LOT = 500
const LOT_MS = 100

export function connectionsMax(wanted: number): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const files = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? wanted)
  return Math.max(1, Math.min(wanted, files - FILES_KEPT))
}

/** In turn to each address; `first` is what each of them says. */
export async function openMany(
  urls: readonly string[],
  count: number,
  first?: string,
): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  for (let n = 0; n < count; n++) {
    const socket = openSocket(urls[n % urls.length] ?? '')
    // What comes back is thrown away.
    socket.resume()
    if (first !== undefined) socket.write(first)
    sockets.push(socket)
    if (n % LOT === LOT - 1) await sleep(LOT_MS)
  }
  return sockets
}

export function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
}
