import type { Client } from '@flashlane/client'
import { createClient } from '@flashlane/client'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandLine } from '../support/cli.ts'
import { ADMIN_TOKEN, type Api, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { checkedFetch } from '../support/http.ts'
import { until } from '../support/until.ts'
import { routesOf, type Document } from '../support/document.ts'

const TOKENS = {
  reader: 'a-token-that-only-reads',
  steerer: 'a-token-that-steers',
  owner: 'a-token-that-may-all',
} as const
const SCOPES = ['read', 'operate', 'admin'] as const
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')
const ADMIN_TOKENS = Object.entries(TOKENS)
  .map(([name, token], n) => `${name}:${SCOPES[n]}:${hashOf(token)}`)
  .join()

let flashlane: Flashlane
let api: Api

beforeAll(async () => {
  flashlane = await startFlashlane({ env: { ADMIN_TOKENS }, mysqlProxy: true })
  api = flashlane.api()
})
afterAll(() => flashlane.stop())

const clientOf = (who: keyof typeof TOKENS): Client =>
  createClient({
    baseUrl: api.url,
    adminToken: TOKENS[who],
    fetch: checkedFetch,
    retries: { max: 0 },
  })

const fields = { name: 'Lamp', price: 100, currency: 'USD', stock_total: 5 }

test('each operation asks for the scope that its definition names, of whoever comes', async () => {
  const document = (await api.get('/openapi.json')).body as unknown as Document
  const wanting = routesOf(document).filter(({ operation }) => operation.security?.length)

  for (const { method, template, operation } of wanting) {
    const path = template.replaceAll(/\{\w+\}/g, '0')
    const needed = Object.values(operation.security?.[0] ?? {})[0]?.[0] ?? 'admin'
    for (const [n, token] of Object.values(TOKENS).entries()) {
      const answer = await checkedFetch(api.url + path, {
        method,
        headers: { authorization: `Bearer ${token}` },
      })
      const mayNot = SCOPES.indexOf(needed) > n
      expect({ path, is403: answer.status === 403 }).toEqual({ path, is403: mayNot })
      if (!mayNot) continue
      expect(await answer.json()).toMatchObject({ code: 'forbidden', scope: needed })
    }
  }
  expect(wanting.length).toBeGreaterThan(10)
})

test('who did what, to what, and what came of it, stands in the list of actions', async () => {
  const steerer = clientOf('steerer')
  const { id } = await clientOf('owner').createProduct(fields)
  await steerer.pauseProduct(id)
  await steerer.adjustStock(id, { delta: -9 }).catch(() => {})
  await steerer.resumeProduct(id, { wait: false }).then((queued) => queued.outcome())
  await steerer.markRefundSent('rfd_none').catch(() => {})
  await steerer.createProduct(fields).catch(() => {})

  const { items } = await clientOf('reader').listActions({ per_page: 4 })

  expect(
    items.map(({ operator, action, target, outcome }) => [operator, action, target, outcome]),
  ).toEqual([
    ['steerer', 'resumeProduct', String(id), expect.stringMatching(/^(queued|done)$/)],
    ['steerer', 'adjustStock', String(id), 'stock_below_committed'],
    ['steerer', 'pauseProduct', String(id), 'done'],
    ['owner', 'createProduct', String(id), 'done'],
  ])
  // Its command leads to the journal, which has what was changed.
  const paused = items[2]
  expect(paused?.command_id).toMatch(new RegExp(`^cmd_${id}_`))
  expect(paused?.ended_at).not.toBeNull()
  expect(api.output()).toContain('operator acted')
  expect(api.output()).toContain('operator refused')
})

test('what cannot be written down is not done', async () => {
  const { id } = await clientOf('owner').createProduct(fields)
  flashlane.mysqlProxy().cut()

  const refused = clientOf('steerer').pauseProduct(id)

  await expect(refused).rejects.toThrow('unavailable')
  flashlane.mysqlProxy().restore()
  const shown = () =>
    clientOf('reader')
      .showProduct(id)
      .catch(() => null)
  const product = await until(shown, { withinMs: 20_000, what: 'the product is shown again' })
  expect(product).toMatchObject({ sale_state: 'open' })
  const { items } = await clientOf('reader').listActions({ operator: 'steerer' })
  expect(items.some(({ target }) => target === String(id))).toBe(false)
})

test('the list can be one operator’s, and the command line shows it', async () => {
  await clientOf('owner').sweep()

  const { items } = await clientOf('reader').listActions({ operator: 'owner' })
  const shown = await commandLine(api.url, TOKENS.reader).run(
    'actions',
    'list',
    '--operator',
    'owner',
  )

  expect(new Set(items.map(({ operator }) => operator))).toEqual(new Set(['owner']))
  expect(items[0]).toMatchObject({ action: 'sweep', outcome: 'done', target: null })
  expect(shown.out).toMatch(/owner +sweep +- +done/)
})

test('the plain token goes as far as any, under its own name', async () => {
  await flashlane.client().sweep()

  const { items } = await clientOf('reader').listActions({ per_page: 1 })
  expect(items).toMatchObject([{ operator: 'ADMIN_TOKEN', action: 'sweep' }])
})

test('a token that the command line made is let in by its entry', async () => {
  const made = await commandLine(api.url).json<Record<string, string>>(
    'tokens',
    'new',
    '--name',
    'newcomer',
    '--scope',
    'read',
  )
  const later = await flashlane.startApi({ ADMIN_TOKENS: made['entry'] ?? '', ADMIN_TOKEN: '' })

  const said = await commandLine(later.url, made['token']).run('lanes', 'list')
  const refused = await commandLine(later.url, made['token']).run('sweep')
  const plain = await commandLine(later.url, ADMIN_TOKEN).run('lanes', 'list')

  expect(said.code).toBe(0)
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('forbidden') })
  expect(plain).toMatchObject({ code: 1, err: expect.stringContaining('unauthorized') })
})
