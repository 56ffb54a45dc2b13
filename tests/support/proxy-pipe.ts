/** One direction of a connection through the proxy: its bytes in their order, as late and as slow as asked for. */
import type { Socket } from 'node:net'

export type Shape = {
  /** Added to each packet's way. */
  readonly delayMs?: number
  readonly bytesPerSecond?: number
  /** The share of packets that end their connection. */
  readonly resets?: number
}

type Waiting = { readonly bytes: Buffer; readonly dueMs: number }

/** What waits is kept here; above this, the sender is made to wait. */
const WAITING_BYTES_MAX = 1_000_000
const SLICES_A_SECOND = 20

export type Pipe = {
  take(bytes: Buffer): void
  /** Keeps what comes. */
  hold(): void
  /** Passes what was kept. */
  release(): void
  /** Throws away what comes from here on, as if it had been sent. */
  swallow(): void
}

export function createPipe(from: Socket, to: Socket, shape: () => Shape): Pipe {
  const waiting: Waiting[] = []
  let waitingBytes = 0
  let freeAtMs = 0
  let timer: NodeJS.Timeout | null = null
  let isHeld = false
  let isSwallowing = false

  const canSend = () => waiting.length > 0 && !isHeld && !to.destroyed

  function flush(): void {
    timer = null
    while (canSend()) {
      const first = waiting[0] as Waiting
      const leftMs = first.dueMs - performance.now()
      if (leftMs > 0) {
        timer = setTimeout(flush, leftMs)
        return
      }
      waiting.shift()
      waitingBytes -= first.bytes.length
      if (!isSwallowing) to.write(first.bytes)
    }
    if (waitingBytes < WAITING_BYTES_MAX && !isHeld) from.resume()
  }

  function queue(bytes: Buffer): void {
    const { delayMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = shape()
    const sliceBytes = Math.max(1, Math.min(bytes.length, bytesPerSecond / SLICES_A_SECOND))
    for (let at = 0; at < bytes.length; at += Math.ceil(sliceBytes)) {
      const slice = bytes.subarray(at, at + Math.ceil(sliceBytes))
      freeAtMs = Math.max(freeAtMs, performance.now()) + (slice.length / bytesPerSecond) * 1_000
      waiting.push({ bytes: slice, dueMs: freeAtMs + delayMs })
    }
    waitingBytes += bytes.length
    if (waitingBytes >= WAITING_BYTES_MAX) from.pause()
    if (timer === null) flush()
  }

  return {
    take(bytes) {
      if (isSwallowing) return
      queue(bytes)
    },
    hold() {
      isHeld = true
      from.pause()
    },
    release() {
      isHeld = false
      if (timer === null) flush()
    },
    swallow() {
      isSwallowing = true
    },
  }
}
