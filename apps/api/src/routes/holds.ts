/** Holds: placed and released down the lane, read from MySQL. */
import {
  type ExtendHold,
  formatId,
  type Hold,
  type PlaceHold,
  type Product,
  type ReleaseHold,
} from '@flashlane/core'
import type { Context } from 'hono'
import { turnAway } from '../answer.ts'
import { readJson, readOptionalJson } from '../body.ts'
import type { Catalogue } from '../catalogue.ts'
import { ALIASES } from '../compat.ts'
import type { MakeHead } from '../command-head.ts'
import type { Execute } from '../execute.ts'
import { eitherOf, emptyBody } from '../fields.ts'
import { readKey } from '../idempotency.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import {
  extendBody,
  extendHold,
  holdBody,
  placeHold,
  releaseHold,
  showHold,
} from '../openapi/holds.ts'
import { readId } from '../path-id.ts'
import { Fault, invalid } from '../problem.ts'
import type { LimitCustomer } from '../rate-limit.ts'
import { respond } from '../respond.ts'
import type { SoldOut } from '../sold-out.ts'
import { holdView } from '../views.ts'
import { readWait } from '../wait.ts'

export type HoldDeps = {
  readonly execute: Execute
  readonly makeHead: MakeHead
  readonly catalogue: Pick<Catalogue, 'has'>
  findHold(holdId: string): Promise<Hold | null>
  readProduct(productId: number): Promise<Product | null>
  nowMs(): number
  readonly holdTtlS: number
  readonly holdLifetimeS: number
  readonly holdExtensions: number
  readonly soldOut: Pick<SoldOut, 'refusal'>
  readonly limitCustomer?: LimitCustomer | undefined
  readonly waitS: number
}

export function addHoldRoutes(app: App, deps: HoldDeps): void {
  const { execute, makeHead, catalogue, holdTtlS, waitS } = deps

  async function place(c: Context): Promise<Response> {
    const body = await readJson(c, holdBody)
    const { product_id: productId, customer_ref: customerRef = null } = body
    const quantity = eitherOf(['qty', body.qty], ['quantity', body.quantity])
    if (quantity === undefined) throw invalid([{ field: 'qty', message: 'is required' }])
    const ttlS = eitherOf(['ttl', body.ttl], ['ttl_seconds', body.ttl_seconds])
    const key = readKey(c, body.idempotency_key)
    if (!(await catalogue.has(productId))) throw new Fault('product_not_found')
    if (deps.limitCustomer && customerRef !== null) await deps.limitCustomer(c, customerRef)

    const isPartial = body.allow_partial === true
    const isReplacing = body.replace_existing === true
    if (isReplacing && customerRef === null) {
      throw invalid([{ field: 'customer_ref', message: 'is required with replace_existing' }])
    }
    if (key === undefined && !isReplacing) {
      const refusal = deps.soldOut.refusal({ productId, quantity, customerRef })
      if (refusal) return turnAway(c, refusal)
    }
    const fields = [quantity, ttlS ?? null, isPartial, isReplacing]
    const { x, head } = makeHead(c, {
      operation: 'PlaceHold',
      productId,
      customerRef,
      key,
      fields,
    })
    const plain: PlaceHold = {
      type: 'PlaceHold',
      holdId: formatId('hold', productId, x),
      quantity,
      ttlMs: (ttlS ?? holdTtlS) * 1_000,
      customerRef,
      // At the end: see unpackHold.
      ...head,
    }
    const partial: PlaceHold = isPartial ? { ...plain, allowPartial: true } : plain
    const command: PlaceHold = isReplacing ? { ...partial, replaceExisting: true } : partial
    return execute(c, command, readWait(c, waitS))
  }

  async function extend(c: Context): Promise<Response> {
    const { id: holdId, productId } = await readId(c, 'hold', catalogue)
    const { seconds, idempotency_key } = await readJson(c, extendBody)
    const { head } = makeHead(c, {
      operation: 'ExtendHold',
      productId,
      customerRef: null,
      key: readKey(c, idempotency_key),
      fields: [holdId, seconds],
    })
    const command: ExtendHold = {
      type: 'ExtendHold',
      ...head,
      holdId,
      extendMs: seconds * 1_000,
      lifetimeMs: deps.holdLifetimeS * 1_000,
      extensionsMax: deps.holdExtensions,
    }
    return execute(c, command, readWait(c, waitS))
  }

  async function release(c: Context): Promise<Response> {
    const { id: holdId, productId } = await readId(c, 'hold', catalogue)
    const body = await readOptionalJson(c, emptyBody)
    const { head } = makeHead(c, {
      operation: 'ReleaseHold',
      productId,
      customerRef: null,
      key: readKey(c, body.idempotency_key),
      fields: [holdId],
    })
    const command: ReleaseHold = { type: 'ReleaseHold', ...head, holdId }
    return execute(c, command, readWait(c, waitS))
  }

  async function show(c: Context): Promise<Response> {
    const { id: holdId, productId } = await readId(c, 'hold', catalogue)
    const hold = await deps.findHold(holdId)
    if (!hold) throw new Fault('hold_not_found')
    return respond(c, 200, holdView(hold, await deps.readProduct(productId), deps.nowMs()))
  }

  addRoute(app, placeHold, place, ALIASES.placeHold)
  addRoute(app, extendHold, extend)
  addRoute(app, showHold, show)
  addRoute(app, releaseHold, release)
}
