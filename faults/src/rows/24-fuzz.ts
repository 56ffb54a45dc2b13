import { printedDocument } from '@flashlane/api/openapi/print.ts'
import * as fc from 'fast-check'
import { makeIsWrong, requests, type Sent, type Whole } from '../../../tests/support/arbitrary.ts'
import { type OperationObject, routesOf } from '../../../tests/support/document.ts'
import type { Row, Scene } from '../row.ts'
import { call } from '../stage/http.ts'
import { sendRaw } from '../stage/raw.ts'
import { ADMIN_TOKEN } from '../stage/stage.ts'

const RECOVERY_MS = 3_000
const REQUESTS_EACH = 40
const SEED_MAX = 2 ** 31 - 1

const document = printedDocument as unknown as Whole
const isWrong = makeIsWrong(document)
const operations = routesOf(document).filter(
  ({ isAlias, template, operation }) =>
    !isAlias &&
    template.startsWith('/api/') &&
    (operation.requestBody !== undefined || template.includes('{')),
)

type Answered = { readonly what: string; readonly status: number | null }

/** What no HTTP library sends, and what a schema does not tell. `null` is a connection that just ends. */
const RAW: readonly (readonly [string, string | Uint8Array])[] = [
  ['bytes that are no UTF-8', withBody(Buffer.from('{"product_id":1,"qty":"\xff\xfe"}', 'latin1'))],
  ['an own prototype', withBody('{"__proto__":{"product_id":1,"qty":1}}')],
  ['a number beyond all', withBody('{"product_id":1e999,"qty":1}')],
  ['a number that is cut', withBody('{"product_id":9007199254740993,"qty":1}')],
  ['nesting', withBody('['.repeat(8_000))],
  ['a megabyte', withBody(`{"product_id":1,"qty":1,"x":"${'x'.repeat(1_000_000)}"}`)],
  ['no length', head('').replace('content-length: 0\r\n', '') + '\r\n'],
  ['a length that is none', head('').replace('content-length: 0', 'content-length: many') + '\r\n'],
  ['a length below zero', head('').replace('content-length: 0', 'content-length: -1') + '\r\n'],
  ['two lengths', `${head('')}content-length: 5\r\n\r\n`],
  ['a length and chunks', `${head('')}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  [
    'chunks of no size',
    `${head('').replace('content-length: 0\r\n', 'transfer-encoding: chunked\r\n')}\r\nzz\r\n`,
  ],
  ['less than the length', `${head('x'.repeat(50))}\r\n{"product_id":1`],
  ['a header of 100 kB', `${head('')}x-long: ${'x'.repeat(100_000)}\r\n\r\n`],
  ['a header with a line end', `${head('')}x-bad: a\x00b\r\n\r\n`],
  ['no host', 'POST /api/holds HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
  ['a path that is none', 'GET /api/products/%E0%A4%A HTTP/1.1\r\nhost: x\r\n\r\n'],
  ['a path with NUL', 'GET /api/products/1%00 HTTP/1.1\r\nhost: x\r\n\r\n'],
  ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
]

export const fuzz: Row = {
  id: 24,
  title: 'Requests that are wrong',
  fault: 'wrong types, huge numbers, `__proto__`, bad UTF-8, no length, over all operations',
  async run(scene) {
    const { stage, random, note, sells, recovers, demand } = scene
    const productId = await stage.product({ stock: 10 })
    note(`${operations.length} operations, ${REQUESTS_EACH} wrong requests each`)
    const answers: Answered[] = []
    for (const each of operations) {
      const asked = requests(document, each.operation, { known: [productId], token: ADMIN_TOKEN })
      const wrong = fc.sample(
        asked.filter((sent) => isWrong(each.operation, sent, ADMIN_TOKEN)),
        { seed: random.between(1, SEED_MAX), numRuns: REQUESTS_EACH },
      )
      for (const sent of wrong) answers.push(await ask(scene, each, sent))
    }
    note(`${RAW.length} requests that are no HTTP`)
    for (const [what, bytes] of RAW) {
      answers.push({ what, status: await sendRaw(stage.apiUrl(), bytes) })
    }
    await recovers('wrong requests', RECOVERY_MS)
    await sells(30)

    // That nothing of it is in a journal, C3 tells: nobody of its history sent it.
    const served = answers.filter(({ status }) => status !== null && (status < 400 || status > 499))
    for (const { what, status } of served) demand(false, `${what}: ${status}`)
  },
}

async function ask(
  { stage }: Scene,
  { method, template }: { method: string; template: string; operation: OperationObject },
  { path, query, headers, body }: Sent,
): Promise<Answered> {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent((path[name] ?? '').toWellFormed()),
  )
  const { answer } = await call(stage.apiUrl(), {
    method: method as 'POST',
    path: filled + query,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  return { what: `${method} ${filled}${query} ${body}`, status: answer?.status ?? null }
}

function withBody(body: string | Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${head(body)}\r\n`), Buffer.from(body)])
}

function head(body: string | Uint8Array): string {
  const bytes = Buffer.from(body).length
  return `POST /api/holds HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n`
}
