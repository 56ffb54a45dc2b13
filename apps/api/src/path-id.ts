/** The id in a request's address. */
import { formatId, parseId } from '@flashlane/core'
import type { Context } from 'hono'
import type { Catalogue } from './catalogue.ts'
import { Fault, type FaultCode } from './problem.ts'

const MISSING = {
  hold: 'hold_not_found',
  ord: 'order_not_found',
  cmd: 'command_unknown',
} as const satisfies Record<string, FaultCode>

/** Whatever cannot be one of ours ends here: it reaches no queue, and MySQL at most once for its product. */
export async function readId(
  c: Context,
  kind: keyof typeof MISSING,
  catalogue: Pick<Catalogue, 'has'>,
): Promise<{ id: string; productId: number }> {
  const parsed = parseId(c.req.param('id') ?? '')
  if (parsed?.kind !== kind || !(await catalogue.has(parsed.productId))) {
    throw new Fault(MISSING[kind])
  }
  return { id: formatId(kind, parsed.productId, parsed.x), productId: parsed.productId }
}

export function readProductId(c: Context): number {
  const text = c.req.param('id') ?? ''
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new Fault('product_not_found')
  return Number(text)
}
