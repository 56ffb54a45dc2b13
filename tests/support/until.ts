import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20

/** Waits until `look` gives something, and fails when it has not by `withinMs`. */
export async function until<T>(
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { withinMs, what, everyMs = LOOK_MS }: { withinMs: number; what: string; everyMs?: number },
): Promise<T> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await sleep(everyMs)
  }
}
