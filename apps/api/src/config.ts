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
import { failpointsSetting } from '@flashlane/failpoints'
import { isRedisUrl, REDIS_URL_DESCRIPTION, REDIS_URL_WANTED } from '@flashlane/redis'
import { mysqlTlsSettings, redisTlsSettings } from '@flashlane/tls'
import { z } from 'zod'
import { hashedTokens } from './operator-token.ts'
import { CONNECTIONS_MAX_DEFAULT } from './server.ts'
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

export const environment = z
  .object({
    MYSQL_URL: z
      .url({ protocol: /^(mysql|mariadb)$/ })
      .meta({ description: '`mysql://user:password@host:3306/database`. `npm start` finds one' }),
    REDIS_URL: z.string().refine(isRedisUrl, REDIS_URL_WANTED).meta({
      description: REDIS_URL_DESCRIPTION,
    }),
    ...mysqlTlsSettings,
    ...redisTlsSettings,
    HOST: z.string().min(1).default('127.0.0.1').meta({ description: 'Address to listen on' }),
    PORT: count(0, 65_535, 3_000).meta({
      description: '0 takes any free one (not with `npm start`)',
    }),
    ADMIN_TOKEN: adminToken.optional().meta({
      description:
        'An operators’ bearer token for everything: 16 or more visible ASCII characters. `npm start` makes one, keeps it in `.flashlane/data/admin-token` and prints it. For more than a first try, see [tokens](#tokens)',
    }),
    ADMIN_TOKENS: hashedTokens.default([]).meta({
      description:
        'Operators’ tokens by their hashes: `name:scope:sha256` with commas between; scope is `read`, `operate` or `admin`. This or `ADMIN_TOKEN` has to be set',
    }),
    LANES: z.string().default('per-product').pipe(layout).meta({
      description:
        '`per-product`, or `shared:N` with N up to 1,024, for catalogues of thousands. Written into MySQL at the first start; every process must agree',
    }),
    BATCH_MAX: count(1, BATCH_COMMANDS_MAX, BATCH_MAX_DEFAULT).meta({
      description: 'Commands a batch; 1 shows what batching is worth',
    }),
    HOLD_TTL_S: count(HOLD_TTL_S_MIN, HOLD_TTL_S_MAX, HOLD_TTL_S_DEFAULT).meta({
      description: 'Seconds of a hold that names none',
    }),
    HOLD_LIFETIME_S: count(1, 86_400, HOLD_LIFETIME_S_DEFAULT).meta({
      description:
        'A hold is extended to so many seconds after it was made at most, or to its own `ttl` if that is longer',
    }),
    HOLD_EXTENSIONS: count(0, 1_000, HOLD_EXTENSIONS_DEFAULT).meta({
      description: 'How often a hold may be extended',
    }),
    PAYMENT_DUE_S: count(1, 30 * 86_400, PAYMENT_DUE_S_DEFAULT).meta({
      description:
        'Seconds that an order has to be paid, from its application; never less than its hold had left',
    }),
    WAIT_S: count(0, WAIT_S_MAX, WAIT_S_DEFAULT).meta({
      description: 'Seconds that an answer is awaited before 202',
    }),
    WEBHOOK_WAIT_MS: count(0, WAIT_S_MAX * 1_000, WEBHOOK_WAIT_MS_DEFAULT).meta({
      description: 'How long a webhook waits for its lane before the inbox takes the event',
    }),
    WEBHOOK_SECRET: standardSecrets.default([]).meta({
      description:
        'Signs the generic webhook and Standard Webhooks: `whsec_` and base64 of 16 bytes or more, or 16 or more visible ASCII characters. Up to 4, with commas, any of which will do. Unset, the generic webhook believes whoever comes',
    }),
    STRIPE_WEBHOOK_SECRET: stripeSecrets.default([]).meta({
      description:
        'The signing secret of Stripe’s webhook endpoint, `whsec_...`. Up to 4, with commas',
    }),
    ON_PAYMENT_FAILED: z.enum(['release', 'keep_until_due']).default('release').meta({
      description:
        '`release`: a failed payment cancels its pending order. `keep_until_due`: it is only recorded',
    }),
    RESTOCK_ON_REFUND: z.stringbool().default(false).meta({
      description: '`true`: the units of a paid order that is refunded are for sale again',
    }),
    MYSQL_POOL_SIZE: count(1, 1_000, MYSQL_POOL_SIZE_DEFAULT).meta({
      description: 'Connections to MySQL a process',
    }),
    CORS_ORIGINS: origins.optional().meta({
      description:
        'Whose pages may call the api: `*`, or origins with commas between. Unset: nobody’s',
    }),
    RATE_LIMIT_CLIENT: quota.optional().meta({
      description:
        'Changes that a client’s address may ask for, as in `20/1s`, `100/1m`, `1000/1h`. Unset: no limit. See [limits](#limits-for-clients)',
    }),
    RATE_LIMIT_CUSTOMER: quota
      .optional()
      .meta({ description: 'The same for a `customer_ref`, placing holds and orders' }),
    QUEUE_BOARD: z.stringbool().default(false).meta({
      description:
        '`true`: a page that shows the lanes, at `/admin/queues`, for operators. See [the queue board](#the-queue-board)',
    }),
    TRUST_PROXY: count(0, 16, 0).meta({
      description:
        'Proxies before the api that are believed about `X-Forwarded-For`. Too many: clients choose their own address; too few: all are one client',
    }),
    STOCK_SHOWN_MAX: z.coerce.number().int().min(1).max(STOCK_MAX).optional().meta({
      description:
        'More units than that are shown to buyers as that, and the other counters not at all. Unset: all is shown',
    }),
    DRAIN_DELAY_MS: count(0, 600_000, DRAIN_DELAY_MS_DEFAULT).meta({
      description: 'From SIGTERM to the last new connection',
    }),
    SHUTDOWN_GRACE_MS: count(1, 600_000, SHUTDOWN_GRACE_MS_DEFAULT).meta({
      description: 'What is in hand at a shutdown is finished within this',
    }),
    CONNECTIONS_MAX: count(1, 1_000_000, CONNECTIONS_MAX_DEFAULT).meta({
      description:
        'Open connections of an api process; further ones are closed at once. The limit of open files has to be higher',
    }),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .meta({ description: 'The least that is logged; `debug` has a line a batch' }),
    FAILPOINTS: failpointsSetting.optional().meta({
      description:
        'For tests only: where the process breaks itself, as in `worker.beforeCommit=kill@3`. See [failpoints](reliability.md#failpoints)',
    }),
  })
  .refine(({ ADMIN_TOKEN, ADMIN_TOKENS }) => ADMIN_TOKEN !== undefined || ADMIN_TOKENS.length > 0, {
    path: ['ADMIN_TOKEN'],
    message: 'set it, or ADMIN_TOKENS',
    // Told of with whatever else is wrong, but not of a token that is there and wrong.
    when: ({ issues }) => !issues.some(({ path }) => path?.[0] === 'ADMIN_TOKEN'),
  })

export type Config = Readonly<z.infer<typeof environment>>

export function parseConfig(env: NodeJS.ProcessEnv): Config {
  // An empty variable is how a compose file says that it is not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) throw new Error(`bad configuration\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}
