/** Whether this process lives, and whether it should be sent work. */
import type { Context } from 'hono'
import { type App, addRoute } from '../openapi/add-route.ts'
import { showLife, showMetrics, showReadiness } from '../openapi/health.ts'
import { respond, respondText } from '../respond.ts'
import { type Check, check } from '@flashlane/telemetry'
import type { Registry } from 'prom-client'

export type HealthDeps = {
  readClockMs(): Promise<number>
  migrationsPending(): Promise<readonly string[]>
  isDraining(): boolean
  canary(): { ok: boolean; age_ms: number | null }
  readonly registry: Registry
}

export function addHealthRoutes(app: App, deps: HealthDeps): void {
  /** The canary is told, but takes nothing out: it fails for all processes alike, and some answers need no lane. */
  async function ready(c: Context): Promise<Response> {
    const [mysql, migrations] = await Promise.all([
      check(deps.readClockMs().then(() => true)),
      check(deps.migrationsPending().then((pending) => pending.length === 0)),
    ])
    const draining: Check = deps.isDraining() ? 'failed' : 'ok'
    const checks = { mysql, migrations, draining }
    const isReady = Object.values(checks).every((each) => each === 'ok')
    return respond(c, isReady ? 200 : 503, {
      status: isReady ? 'ready' : 'not_ready',
      checks,
      canary: deps.canary(),
    })
  }

  async function metrics(c: Context): Promise<Response> {
    const { registry } = deps
    return respondText(c, 200, await registry.metrics(), { 'content-type': registry.contentType })
  }

  addRoute(app, showLife, (c) => respond(c, 200, { status: 'alive' }))
  addRoute(app, showReadiness, ready)
  addRoute(app, showMetrics, metrics)
}
