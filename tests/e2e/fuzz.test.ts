/** Requests made of the OpenAPI document, right and wrong: never a 5xx, and nothing is left of what was wrong. */
import { printedDocument } from '@flashlane/api/openapi/print.ts'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeIsWrong, requests, type Sent, type Whole } from '../support/arbitrary.ts'
import { type OperationObject, routesOf } from '../support/document.ts'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Answer, request } from '../support/http.ts'
import { placeHold, placeOrder } from '../support/shop.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121)
const WRONG_RUNS = 60
const RUNS = 60
const HOLD_TTL_S = 3_600

const document = printedDocument as unknown as Whole
const operations = routesOf(document)
  .filter(({ isAlias }) => !isAlias)
  .map(({ method, template, operation }) => ({ method, template, operation }))
/** Its answer has no end. */
const isStream = ({ responses }: OperationObject): boolean =>
  responses['200']?.content?.['text/event-stream'] !== undefined
/** The others take nothing that could be wrong. */
const asking = operations.filter(
  ({ operation }) =>
    !isStream(operation) &&
    [...(operation.parameters ?? []), ...(operation.requestBody ? ['body'] : [])].length > 1,
)
const isWrong = makeIsWrong(document)

let flashlane: Flashlane
let known: readonly unknown[]
let before: Readonly<Record<string, number>>

beforeAll(async () => {
  flashlane = await startFlashlane()
  const productId = await flashlane.product({ stock: 100_000 })
  const holds = { product_id: productId, ttl: HOLD_TTL_S }
  const [holdId, ordered] = [await placeHold(flashlane, holds), await placeHold(flashlane, holds)]
  const orderId = await placeOrder(flashlane, { hold_id: ordered })
  known = [productId, holdId, orderId, ordered, holdId.replace('hold', 'cmd')]
  before = await countRows()
})
afterAll(() => flashlane.stop())

async function countRows(): Promise<Readonly<Record<string, number>>> {
  const { db } = flashlane.database
  const tables = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = database()
  `.execute(db)
  const counts: Record<string, number> = {}
  for (const { name } of tables.rows) {
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(
      db,
    )
    counts[name] = Number(rows[0]?.n)
  }
  return counts
}

/** The support client holds each answer against the document. */
function send(method: string, template: string, sent: Sent): Promise<Answer> {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent((sent.path[name] ?? '').toWellFormed()),
  )
  const { query, headers, body } = sent
  return request(flashlane.api().url + path + query, { method, body, headers: { ...headers } })
}

const isRefusal = (status: number) => status >= 400 && status < 500

const settings = (numRuns: number) => ({ seed: SEED, numRuns, interruptAfterTimeLimit: 20_000 })

describe(`FUZZ_SEED=${SEED}`, () => {
  describe('what the document says is wrong', () => {
    const refusing = asking.filter(
      ({ template, operation }) =>
        template.startsWith('/api/') && (operation.requestBody || template.includes('{')),
    )

    test.each(refusing)('$method $template: refused', async ({ method, template, operation }) => {
      const wrong = requests(document, operation, { known, token: ADMIN_TOKEN }).filter((sent) =>
        isWrong(operation, sent, ADMIN_TOKEN),
      )

      await fc.assert(
        fc.asyncProperty(wrong, async (sent) => {
          const { status, body } = await send(method, template, sent)
          expect({ status, body }).toMatchObject({ status: expect.toSatisfy(isRefusal) })
          expect(body).not.toHaveProperty('command_id')
        }),
        settings(WRONG_RUNS),
      )
    })

    test('all of that has added no row anywhere', async () => {
      expect(await countRows()).toEqual(before)
    })
  })

  describe('whatever it is sent', () => {
    test.each(asking)('$method $template: no 5xx', async ({ method, template, operation }) => {
      const any = requests(document, operation, { known, token: ADMIN_TOKEN })

      await fc.assert(
        fc.asyncProperty(any, async (sent) => {
          expect((await send(method, template, sent)).status).toBeLessThan(500)
        }),
        settings(RUNS),
      )
    })

    test('after all that, it still sells', async () => {
      const productId = await flashlane.product({ stock: 1 })

      expect(await placeHold(flashlane, { product_id: productId })).toMatch(/^hold_/)
    })
  })
})
