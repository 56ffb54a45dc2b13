/** What every scenario works with. */
import type { Plan } from './plan.ts'
import type { Scratch } from './scratch.ts'

export type Bench = {
  readonly plan: Plan
  readonly scratch: Scratch
  readonly logLevel: string
  /** Of its webhooks, for Flashlane and its buyers alike; null where they are not signed. */
  readonly webhookSecret: string | null
  say(line: string): void
}
