/** How long a client wants to wait for an outcome: RFC 7240, `Prefer: wait=N` and `respond-async`; or `?wait=N`. */
import { WAIT_S_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import { headerOf } from './incoming.ts'

export type Wait = { readonly ms: number; readonly applied: string | null }

const SECONDS = /^\d{1,9}$/

/** What is not understood is passed over, as the RFC wants it. With both, the wait comes first and the 202 after it. */
export function readWait(c: Context, otherwiseS: number): Wait {
  const prefer = headerOf(c, 'prefer')
  const preferred = prefer === undefined ? null : parse(prefer)
  if (preferred) return preferred
  const inUrl = c.req.url.includes('wait=') ? (c.req.query('wait') ?? '') : ''
  const seconds = SECONDS.test(inUrl) ? Math.min(Number(inUrl), WAIT_S_MAX) : otherwiseS
  return { ms: seconds * 1_000, applied: null }
}

function parse(prefer: string): Wait | null {
  const preferences = prefer.split(',').map((text) => text.split(';', 1)[0]?.trim().toLowerCase())
  for (const preference of preferences) {
    const wait = /^wait\s*=\s*"?(\d{1,9})"?$/.exec(preference ?? '')
    if (!wait) continue
    const seconds = Math.min(Number(wait[1]), WAIT_S_MAX)
    return { ms: seconds * 1_000, applied: `wait=${seconds}` }
  }
  return preferences.includes('respond-async') ? { ms: 0, applied: 'respond-async' } : null
}
