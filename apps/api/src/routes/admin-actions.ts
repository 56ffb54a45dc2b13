/** What operators did. */
import type { OperatorAction } from '@flashlane/db'
import type { Context } from 'hono'
import { parse } from '../body.ts'
import { withoutEnvelope } from '../envelope.ts'
import { actionQuery, listActions } from '../openapi/admin-actions.ts'
import { addRoute, type App } from '../openapi/add-route.ts'
import { makeForOperators, type OperatorDeps } from '../operators.ts'
import { respond } from '../respond.ts'
import { actionView } from '../views-for-operators.ts'

export type AdminActionDeps = OperatorDeps & {
  listActions(page: {
    readonly offset: number
    readonly limit: number
    readonly operator?: string
  }): Promise<{ readonly items: readonly OperatorAction[]; readonly total: number }>
}

export function addAdminActionRoutes(app: App, deps: AdminActionDeps): void {
  async function list(c: Context): Promise<Response> {
    const query = parse(actionQuery, withoutEnvelope(c.req.query()))
    const { page, per_page: limit, operator } = query
    const { items, total } = await deps.listActions({
      offset: (page - 1) * limit,
      limit,
      ...(operator === undefined ? {} : { operator }),
    })
    return respond(c, 200, { items: items.map(actionView), total, page, per_page: limit })
  }

  addRoute(app, listActions, makeForOperators(deps)(listActions, list))
}
