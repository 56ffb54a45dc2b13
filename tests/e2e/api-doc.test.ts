/** docs/api.md shows nothing that is not so. `UPDATE_API_DOC=1` writes the real answers into it instead. */
import { REFUSALS } from '@flashlane/api/answer.ts'
import { FAULTS } from '@flashlane/api/problem.ts'
import { drawX, formatId } from '@flashlane/core'
import { bury, deadLetter } from '@flashlane/db'
import { sql } from 'kysely'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeShapeOf } from '../support/answer-shape.ts'
import { aPlaceHold } from '../support/commands.ts'
import { present, readShown, runShown, withAnswers } from '../support/documented-curls.ts'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'

const file = fileURLToPath(new URL('../../docs/api.md', import.meta.url))
const markdown = readFileSync(file, 'utf8')
const shown = readShown(markdown)

type Document = { readonly paths: Readonly<Record<string, object>> }

let flashlane: Flashlane
let openapi: Document

beforeAll(async () => {
  flashlane = await startFlashlane()
  // Its Redis is its own, so that its products can be the ones that a reader has.
  await sql`alter table products auto_increment = 1`.execute(flashlane.database.db)
  // What npm start puts on sale.
  await flashlane.product({
    stock: 100,
    name: 'Lightning lamp',
    description: 'One hundred of them, and a crowd at the door.',
  })
  openapi = (await flashlane.api().get('/openapi.json')).body as unknown as Document
})
afterAll(() => flashlane.stop())

test('every curl, pasted one behind the other into one shell, is answered as it shows', async () => {
  const unsigned = flashlane.api()
  const signed = await flashlane.startApi({
    WEBHOOK_SECRET: valueIn('WEBHOOK_SECRET'),
    STRIPE_WEBHOOK_SECRET: valueIn('STRIPE_WEBHOOK_SECRET'),
  })
  await buryAHold()
  const folder = mkdtempSync(join(tmpdir(), 'api-doc-'))
  const variables = { U: unsigned.url, S: signed.url, TOKEN: ADMIN_TOKEN }

  const written = await runShown(shown, { folder, variables })

  rmSync(folder, { recursive: true })
  const answers = shown.map(({ answer }, n) => present(written[n] ?? '', answer ?? ''))
  if (process.env['UPDATE_API_DOC']) {
    writeFileSync(file, withAnswers(markdown, answers))
    return
  }
  expect(shapes(answers)).toEqual(shapes(shown.map(({ answer }) => answer ?? '')))
})

test('whatever is shown with its head has an answer behind it', () => {
  const silent = shown.filter(({ script, answer }) => answer === null && /^curl -is/m.test(script))

  expect(silent).toEqual([])
})

test('every operation has its heading, and no heading tells of one that is not there', () => {
  const headings = [...markdown.matchAll(/^### `.*/gm)].flatMap(([heading]) =>
    [...heading.matchAll(/`([^`]*)`/g)].map(([, operation = '']) => operation),
  )

  const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(sorted(headings)).toEqual(sorted(operations))
})

test('the table of codes has every problem with its status', () => {
  const rows = markdown.slice(markdown.indexOf('## All codes')).matchAll(/^\| (`.*?) +\| (\d+)/gm)
  const told = [...rows].flatMap(([, codes = '', status]) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${status}`),
  )

  const problems = Object.entries({ ...FAULTS, ...REFUSALS }).map(
    ([code, { status }]) => `${code} ${status}`,
  )
  expect(sorted(told)).toEqual(sorted(problems))
})

const sorted = (words: readonly string[]): readonly string[] =>
  words.toSorted((one, other) => one.localeCompare(other))

/** Each with its line, so that a failure tells where to look. */
function shapes(answers: readonly string[]): readonly string[] {
  const shapeOf = makeShapeOf()
  return answers.flatMap((answer, n) => {
    const block = shown[n]
    return block?.answer == null ? [] : [`line ${block.line}: ${block.script}${shapeOf(answer)}`]
  })
}

/** What a block of the document sets a variable to. */
function valueIn(variable: string): string {
  const value = new RegExp(`^${variable}=(\\S+)`, 'm').exec(markdown)?.[1]
  if (value === undefined) throw new Error(`docs/api.md does not set ${variable}`)
  return value
}

/** No request makes a dead letter: it takes a bug. */
async function buryAHold(): Promise<void> {
  const nowMs = Date.now()
  const x = drawX(nowMs, Buffer.alloc(10))
  const body = {
    ...aPlaceHold(1, { quantity: 1, customerRef: 'otto' }),
    commandId: formatId('cmd', 1, x),
    holdId: formatId('hold', 1, x),
    acceptedAtMs: 1_795_228_271_945,
  }
  const head = { batch_id: x, n: 0, product_id: 1, buried_at_ms: nowMs }
  const error = new Error('Data truncated for column qty')
  await bury(flashlane.database, [deadLetter(head, { error, body })], [])
}
