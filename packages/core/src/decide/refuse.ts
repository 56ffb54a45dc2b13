import type { Facts, Reason } from '../outcome.ts'

export type Refusal = { readonly type: 'refusal'; readonly reason: Reason; readonly facts: Facts }

/** Says no, with the facts that the client is shown. */
export const refuse = (reason: Reason, facts: Facts = {}): Refusal => ({
  type: 'refusal',
  reason,
  facts,
})
