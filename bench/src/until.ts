import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20

/** Waits until `look` says yes, and fails when it has not by `withinMs`. */
export async function until(
  look: () => Promise<boolean> | boolean,
  { withinMs, what, everyMs = LOOK_MS }: { withinMs: number; what: string; everyMs?: number },
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await look())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await sleep(everyMs)
  }
}
