/** How long a client wants to wait for an outcome: RFC 7240, `Prefer: wait=N` and `respond-async`. */
import { WAIT_S_MAX } from '@flashlane/core'
import type { Context } from 'hono'

export type Wait = { readonly ms: number; readonly applied: string | null }

/** What is not understood is passed over, as the RFC wants it. With both, the wait comes first and the 202 after it. */
export function readWait(c: Context, otherwiseS: number): Wait {
  const prefer = c.req.header('prefer')
  return prefer === undefined
    ? { ms: otherwiseS * 1_000, applied: null }
    : parse(prefer, otherwiseS)
}

function parse(prefer: string, otherwiseS: number): Wait {
  const preferences = prefer.split(',').map((text) => text.split(';', 1)[0]?.trim().toLowerCase())
  for (const preference of preferences) {
    const wait = /^wait\s*=\s*"?(\d{1,9})"?$/.exec(preference ?? '')
    if (!wait) continue
    const seconds = Math.min(Number(wait[1]), WAIT_S_MAX)
    return { ms: seconds * 1_000, applied: `wait=${seconds}` }
  }
  return preferences.includes('respond-async')
    ? { ms: 0, applied: 'respond-async' }
    : { ms: otherwiseS * 1_000, applied: null }
}
