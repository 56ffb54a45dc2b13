import { OpenAPIHono } from '@hono/zod-openapi'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type AppDeps, createApp } from '../app.ts'
import { addRoute, type App } from './add-route.ts'
import { SCOPES } from '../operator-token.ts'
import { describe } from './document.ts'
import { jsonAnswer, operation } from './operation.ts'

type Operation = {
  readonly operationId: string
  readonly description: string
  readonly security?: readonly object[]
  readonly 'x-aliases'?: readonly string[]
}

/** The routes as they stand, without anything behind them. */
const anApp = (): App => createApp({ findOperator: () => null } as unknown as AppDeps)

const operationsOf = (app: App) =>
  Object.entries(describe(app).paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method,
      operation,
    })),
  )

const aRoute = operation({
  method: 'get',
  path: '/api/lamps/{id}',
  operationId: 'showLamp',
  tags: ['Products'],
  summary: 'Show a lamp',
  description: 'Bright.',
  params: z.object({ id: z.string() }),
  answers: { 200: jsonAnswer('The lamp', z.object({ id: z.string() }), { id: 'x' }) },
  problems: ['product_not_found', 'hold_expired'],
})

test('what is served is documented, and nothing else is', () => {
  const app = anApp()

  const served = new Set(
    app.routes.map(({ method, path }) => `${method} ${path.replace('/api/v1/', '/api/')}`),
  )
  const documented = operationsOf(app).flatMap(({ path, method, operation }) =>
    [path, ...(operation['x-aliases'] ?? [])].map(
      (each) =>
        // A word in the place of a parameter is served as that parameter.
        `${method.toUpperCase()} ${each.replaceAll(/\{(\w+)\}/g, ':$1').replace('/orders/hold', '/orders/:id')}`,
    ),
  )

  expect(documented.toSorted()).toEqual([...served].toSorted())
})

test('each operation has a name of its own', () => {
  const names = operationsOf(anApp()).map(({ operation }) => operation.operationId)

  expect(new Set(names).size).toBe(names.length)
})

test('whatever is for operators wants their token, and says so', async () => {
  const app = anApp()
  const admin = operationsOf(app).filter(({ path }) => path.startsWith('/api/admin/'))

  for (const { path, method, operation } of admin) {
    const { status } = await app.request(path.replaceAll(/[{}]/g, ''), {
      method: method.toUpperCase(),
    })
    expect({ path, status, security: operation.security }).toEqual({
      path,
      status: 401,
      security: [{ operatorToken: [expect.toBeOneOf([...SCOPES])] }],
    })
  }
  expect(admin.length).toBeGreaterThan(0)
})

test('a route answers at both bases and at its aliases, and its document mentions them', async () => {
  const app: App = new OpenAPIHono()
  addRoute(app, aRoute, (c) => c.text(c.req.param('id') ?? ''), ['/api/lamp/{id}'])

  for (const path of ['/api/lamps/7', '/api/v1/lamps/7', '/api/lamp/7', '/api/v1/lamp/7']) {
    expect(await (await app.request(path)).text()).toBe('7')
  }
  expect(operationsOf(app)).toMatchObject([
    {
      path: '/api/lamps/{id}',
      operation: {
        description: 'Bright.\n\nAlso at `/api/lamp/{id}`.',
        'x-aliases': ['/api/lamp/{id}'],
      },
    },
  ])
})

test('a problem stands under its status, with its code', () => {
  expect(aRoute.responses).toMatchObject({
    200: { description: 'The lamp' },
    404: { description: 'There is no such product (`product_not_found`)' },
    410: { description: 'The hold has expired (`hold_expired`)' },
  })
})

test('the page loads nothing but what this process serves', async () => {
  const app = anApp()
  const page = await app.request('/docs')
  const links = [...(await page.text()).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link)

  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page.headers.get('content-security-policy')).not.toMatch(/http|\*|unsafe/)
  expect(links).toContain('docs/start.js')
  for (const link of links) {
    const response = await app.request(new URL(link ?? '', 'http://api/docs').pathname)
    const isThere = response.status === 200 && (await response.arrayBuffer()).byteLength > 100
    expect({ link, isThere }).toEqual({ link, isThere: true })
  }
})

test.each(['package.json', '..%2fpackage.json', 'index.html', '__proto__'])(
  'no file but those of the page is served: not %s',
  async (name) => {
    expect((await anApp().request(`/docs/${name}`)).status).toBe(404)
  },
)
