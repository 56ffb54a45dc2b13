/** The answers of one process about itself, as the document tells them. */
import { z } from 'zod'
import { headerRefs } from './headers.ts'
import { jsonAnswer, operation } from './operation.ts'

const check = z.enum(['ok', 'failed'])

const readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.object({ mysql: check, migrations: check, draining: check }),
    canary: z
      .object({ ok: z.boolean(), age_ms: z.number().nullable() })
      .meta({ description: 'A command that goes through a lane of its own. It decides nothing.' }),
  })
  .meta({ id: 'Readiness' })

const readyExample = {
  status: 'ready',
  checks: { mysql: 'ok', migrations: 'ok', draining: 'ok' },
  canary: { ok: true, age_ms: 381 },
}

export const showLife = operation({
  method: 'get',
  path: '/livez',
  operationId: 'showLife',
  tags: ['Health'],
  summary: 'Whether the process lives',
  description: 'Asks nobody.',
  answers: {
    200: jsonAnswer('It does', z.object({ status: z.literal('alive') }), { status: 'alive' }),
  },
  problems: ['internal_error'],
})

export const showReadiness = operation({
  method: 'get',
  path: '/readyz',
  operationId: 'showReadiness',
  tags: ['Health'],
  summary: 'Whether the process should be sent work',
  description: 'MySQL answers, no migration is missing, and it is not shutting down.',
  answers: {
    200: jsonAnswer('It should', readiness, readyExample),
    503: jsonAnswer('It should not', readiness, {
      ...readyExample,
      status: 'not_ready',
      checks: { mysql: 'failed', migrations: 'failed', draining: 'ok' },
    }),
  },
  problems: ['internal_error'],
})

export const showMetrics = operation({
  method: 'get',
  path: '/metrics',
  operationId: 'showMetrics',
  tags: ['Health'],
  summary: 'Show the metrics',
  description: 'In the text format of Prometheus.',
  answers: {
    200: {
      description: 'The metrics',
      headers: headerRefs(['X-Request-Id']),
      content: {
        'text/plain': {
          schema: z.string(),
          example: '# TYPE flash_api_faults_total counter\nflash_api_faults_total 0\n',
        },
      },
    },
  },
  problems: ['internal_error'],
})
