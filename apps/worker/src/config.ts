/** The worker's settings, read from the environment once, at start. */
import {
  layout,
  MYSQL_POOL_SIZE_DEFAULT,
  PARKED_TTL_S_DEFAULT,
  SHUTDOWN_GRACE_MS_DEFAULT,
} from '@flashlane/core'
import { failpointsSetting } from '@flashlane/failpoints'
import { isRedisUrl, REDIS_URL_DESCRIPTION, REDIS_URL_WANTED } from '@flashlane/redis'
import { mysqlTlsSettings, redisTlsSettings } from '@flashlane/tls'
import { z } from 'zod'

export const environment = z.object({
  MYSQL_URL: z
    .url({ protocol: /^(mysql|mariadb)$/ })
    .meta({ description: '`mysql://user:password@host:3306/database`. `npm start` finds one' }),
  REDIS_URL: z.string().refine(isRedisUrl, REDIS_URL_WANTED).meta({
    description: REDIS_URL_DESCRIPTION,
  }),
  ...mysqlTlsSettings,
  ...redisTlsSettings,
  LANES: layout.prefault('per-product').meta({
    description:
      '`per-product`, or `shared:N` with N up to 1,024, for catalogues of thousands. Written into MySQL at the first start; every process must agree',
  }),
  PARKED_TTL_S: z.coerce
    .number()
    .int()
    .min(1)
    .max(30 * 86_400)
    .default(PARKED_TTL_S_DEFAULT)
    .meta({
      description:
        'Seconds that a payment event waits for its order; then its money is an orphan’s, with a refund due',
    }),
  MYSQL_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(MYSQL_POOL_SIZE_DEFAULT)
    .meta({ description: 'Connections to MySQL a process' }),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').meta({
    description:
      'Address of a worker’s `/metrics`, `/livez` and `/readyz`. An api has them on its own port',
  }),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(9_464).meta({
    description:
      'Their port; 0 takes any free one, and the log says which. One that is taken is tried again, and the worker works meanwhile. `npm start` gives each further worker the next one',
  }),
  METRICS_LANES: z.coerce.number().int().min(0).max(100).default(0).meta({
    description:
      'So many lanes are told by name in `/metrics`: the deepest, and those that wait longest. Their names are products’',
  }),
  SHUTDOWN_GRACE_MS: z.coerce
    .number()
    .int()
    .positive()
    .default(SHUTDOWN_GRACE_MS_DEFAULT)
    .meta({ description: 'What is in hand at a shutdown is finished within this' }),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta({ description: 'The least that is logged; `debug` has a line a batch' }),
  FAILPOINTS: failpointsSetting.optional().meta({
    description:
      'For tests only: where the process breaks itself, as in `worker.beforeCommit=kill@3`. See [failpoints](reliability.md#failpoints)',
  }),
})

export type Config = Readonly<z.infer<typeof environment>>

/** A wrong setting stops the process and names every fault. */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  // An empty variable is how a compose file says that it is not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) throw new Error(`bad configuration\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}
