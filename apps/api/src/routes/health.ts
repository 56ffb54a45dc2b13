/** Whether this process lives, and whether it should be sent work. */
import type { Context } from 'hono'
import { type App, addRoute } from '../openapi/add-route.ts'
import { showLife, showMetrics, showReadiness } from '../openapi/health.ts'
import { respond, respondText } from '../respond.ts'
import type { Registry } from 'prom-client'

const CHECK_MS_MAX = 1_000

export type HealthDeps = {
  readClockMs(): Promise<number>
  migrationsPending(): Promise<readonly string[]>
  isDraining(): boolean
  canary(): { ok: boolean; age_ms: number | null }
  readonly registry: Registry
}

type Check = 'ok' | 'failed'

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

async function check(holds: Promise<boolean>): Promise<Check> {
  const tooLate = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), CHECK_MS_MAX).unref()
  })
  const passed = await Promise.race([holds.catch(() => false), tooLate])
  return passed ? 'ok' : 'failed'
}
