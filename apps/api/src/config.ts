/** The api's settings. Read once, at start: a wrong one stops the process, which names every fault. */
import {
  BATCH_COMMANDS_MAX,
  BATCH_MAX_DEFAULT,
  DRAIN_DELAY_MS_DEFAULT,
  HOLD_EXTENSIONS_DEFAULT,
  HOLD_LIFETIME_S_DEFAULT,
  HOLD_TTL_S_DEFAULT,
  HOLD_TTL_S_MAX,
  HOLD_TTL_S_MIN,
  layout,
  MYSQL_POOL_SIZE_DEFAULT,
  PAYMENT_DUE_S_DEFAULT,
  SHUTDOWN_GRACE_MS_DEFAULT,
  STOCK_MAX,
  WAIT_S_DEFAULT,
  WAIT_S_MAX,
  WEBHOOK_WAIT_MS_DEFAULT,
} from '@flashlane/core'
import { z } from 'zod'
import { standardSecrets, stripeSecrets } from './webhooks/secrets.ts'

const adminToken = z
  .string()
  .regex(/^[\x21-\x7e]{16,}$/, 'at least 16 visible ASCII characters, no blanks')

const count = (min: number, max: number, otherwise: number) =>
  z.coerce.number().int().min(min).max(max).default(otherwise)

const SECONDS = { s: 1, m: 60, h: 3_600 } as const

/** So many requests in so long: `20/1s`, `100/1m`. */
const quota = z
  .string()
  .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,3}[smh]$/, 'as in 20/1s, 100/1m or 1000/1h')
  .transform((text) => {
    const [requests, window = ''] = text.split('/')
    const unit = window.at(-1) as keyof typeof SECONDS
    return { requests: Number(requests), windowS: Number.parseInt(window, 10) * SECONDS[unit] }
  })

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text

const origins = z
  .string()
  .transform((text) => (text === '*' ? text : text.split(',').map((origin) => origin.trim())))
  .refine((origins) => origins === '*' || origins.every(isOrigin), {
    message: 'must be * or origins, as in https://shop.example,https://www.shop.example',
  })

const environment = z.object({
  MYSQL_URL: z.url({ protocol: /^(mysql|mariadb)$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: count(0, 65_535, 3_000),
  ADMIN_TOKEN: adminToken,
  LANES: z.string().default('per-product').pipe(layout),
  BATCH_MAX: count(1, BATCH_COMMANDS_MAX, BATCH_MAX_DEFAULT),
  HOLD_TTL_S: count(HOLD_TTL_S_MIN, HOLD_TTL_S_MAX, HOLD_TTL_S_DEFAULT),
  HOLD_LIFETIME_S: count(1, 86_400, HOLD_LIFETIME_S_DEFAULT),
  HOLD_EXTENSIONS: count(0, 1_000, HOLD_EXTENSIONS_DEFAULT),
  PAYMENT_DUE_S: count(1, 30 * 86_400, PAYMENT_DUE_S_DEFAULT),
  WAIT_S: count(0, WAIT_S_MAX, WAIT_S_DEFAULT),
  WEBHOOK_WAIT_MS: count(0, WAIT_S_MAX * 1_000, WEBHOOK_WAIT_MS_DEFAULT),
  WEBHOOK_SECRET: standardSecrets.default([]),
  STRIPE_WEBHOOK_SECRET: stripeSecrets.default([]),
  ON_PAYMENT_FAILED: z.enum(['release', 'keep_until_due']).default('release'),
  RESTOCK_ON_REFUND: z.stringbool().default(false),
  MYSQL_POOL_SIZE: count(1, 1_000, MYSQL_POOL_SIZE_DEFAULT),
  CORS_ORIGINS: origins.optional(),
  RATE_LIMIT_CLIENT: quota.optional(),
  RATE_LIMIT_CUSTOMER: quota.optional(),
  TRUST_PROXY: count(0, 16, 0),
  STOCK_SHOWN_MAX: z.coerce.number().int().min(1).max(STOCK_MAX).optional(),
  DRAIN_DELAY_MS: count(0, 600_000, DRAIN_DELAY_MS_DEFAULT),
  SHUTDOWN_GRACE_MS: count(1, 600_000, SHUTDOWN_GRACE_MS_DEFAULT),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
})

export type Config = Readonly<z.infer<typeof environment>>

export function parseConfig(env: NodeJS.ProcessEnv): Config {
  // An empty variable is how a compose file says that it is not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) throw new Error(`bad configuration\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}
