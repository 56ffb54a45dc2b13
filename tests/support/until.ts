import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20

type Patience = {
  readonly withinMs: number
  /** A function where it is to say what is known at the end. */
  readonly what: string | (() => string)
  readonly everyMs?: number
}

/** Waits until `look` gives something, and fails when it has not by `withinMs`. */
export async function until<T>(
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { withinMs, what, everyMs = LOOK_MS }: Patience,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const isLast = performance.now() > deadlineMs
    // After a stall of this very process, what came meanwhile is still to be read.
    if (isLast) await turn()
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (isLast) {
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`)
    }
    await sleep(everyMs)
  }
}
