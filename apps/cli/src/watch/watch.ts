/** Follows the sale: looks each second, shows what it sees, and ends when it is told to. */
import { FlashlaneError, NoAnswerError } from '@flashlane/client'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sample } from './sample.ts'

const EACH_MS = 1_000

type Deps = {
  takeSample(): Promise<Sample>
  show(now: Sample, before: Sample | null): void
  /** It goes on trying: a deployment is no reason to end. */
  showTrouble(reason: string): void
  readonly signal: AbortSignal
}

export async function watch({ takeSample, show, showTrouble, signal }: Deps): Promise<void> {
  let before: Sample | null = null
  while (!signal.aborted) {
    const begunMs = performance.now()
    try {
      const now = await takeSample()
      if (signal.aborted) return
      show(now, before)
      before = now
    } catch (error) {
      if (!isPassing(error)) throw error
      if (!signal.aborted) showTrouble(error.message)
    }
    const restMs = Math.max(0, begunMs + EACH_MS - performance.now())
    await sleep(restMs, undefined, { signal }).catch(() => {})
  }
}

/** What a wrong token or a wrong product is refused with stays as it is. */
const isPassing = (error: unknown): error is Error =>
  error instanceof NoAnswerError || (error instanceof FlashlaneError && error.status >= 500)
