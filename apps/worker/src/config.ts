/** The worker's settings, read from the environment once, at start. */
import {
  layout,
  MYSQL_POOL_SIZE_DEFAULT,
  PARKED_TTL_S_DEFAULT,
  SHUTDOWN_GRACE_MS_DEFAULT,
} from '@flashlane/core'
import { z } from 'zod'

const environment = z.object({
  MYSQL_URL: z.url({ protocol: /^(mysql|mariadb)$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  LANES: layout.prefault('per-product'),
  PARKED_TTL_S: z.coerce
    .number()
    .int()
    .min(1)
    .max(30 * 86_400)
    .default(PARKED_TTL_S_DEFAULT),
  MYSQL_POOL_SIZE: z.coerce.number().int().min(1).max(1_000).default(MYSQL_POOL_SIZE_DEFAULT),
  SHUTDOWN_GRACE_MS: z.coerce.number().int().positive().default(SHUTDOWN_GRACE_MS_DEFAULT),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
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
