import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { placeHold } from '../support/shop.ts'

let flashlane: Flashlane

const board = (path = '', init: RequestInit = {}): Promise<Response> =>
  fetch(`${flashlane.api().url}/admin/queues${path}`, init)
const password = `Basic ${Buffer.from(`anybody:${ADMIN_TOKEN}`).toString('base64')}`
const operator = { headers: { authorization: password } }

type Shown = {
  name: string
  displayName: string
  readOnlyMode: boolean
  counts: Record<string, number>
  jobs: readonly { name: string; data: object }[]
}
const lanesShown = async (path = ''): Promise<readonly Shown[]> => {
  const answer = await board(`/api/queues?page=1&jobsPerPage=10${path}`, operator)
  return ((await answer.json()) as { queues: readonly Shown[] }).queues
}

beforeAll(async () => {
  flashlane = await startFlashlane({ env: { QUEUE_BOARD: 'true' } })
})
afterAll(() => flashlane.stop())

test('the board is shown to whoever gives the operators’ token, as a password or as a bearer’s', async () => {
  const asked = await board()
  expect(asked.status).toBe(401)
  expect(asked.headers.get('www-authenticate')).toContain('Basic')
  expect((await board('/api/queues')).status).toBe(401)
  expect((await board('/static/js/nothing.js')).status).toBe(401)
  const wrong = `Basic ${Buffer.from('anybody:not-the-token').toString('base64')}`
  expect((await board('', { headers: { authorization: wrong } })).status).toBe(401)

  const page = await board('', operator)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<title>Flashlane')
  expect((await board('', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })).status).toBe(
    200,
  )
})

test('the page loads its scripts from this api, within a policy that allows nothing else', async () => {
  const page = await board('', operator)
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  const html = await page.text()
  const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+\.(?:js|css))"/g)].map(
    ([, file]) => `/${file}`,
  )

  expect(files.length).toBeGreaterThan(3)
  for (const file of files)
    expect([file, (await board(file, operator)).status]).toEqual([file, 200])
  expect(html).toContain('<base href="/admin/queues/"')
})

test('lanes are shown as they come, and can be looked at only', async () => {
  const productId = await flashlane.product({ stock: 1 })
  await placeHold(flashlane, { product_id: productId })

  const lane = (await lanesShown()).find(({ displayName }) => displayName === `p${productId}`)

  expect(lane).toMatchObject({ readOnlyMode: true, counts: { delayed: 1, waiting: 0 } })
  const [own] = (
    await lanesShown(`&activeQueue=${encodeURIComponent(lane?.name ?? '')}&status=delayed`)
  ).filter(({ name }) => name === lane?.name)
  expect(own?.jobs).toMatchObject([{ name: 'expiry', data: { kind: 'expiry' } }])
  for (const [method, path] of [
    ['PUT', `/api/queues/${encodeURIComponent(lane?.name ?? '')}/pause`],
    ['PUT', `/api/queues/${encodeURIComponent(lane?.name ?? '')}/empty`],
    ['PUT', '/api/queues/pause'],
    ['POST', `/api/queues/${encodeURIComponent(lane?.name ?? '')}/add`],
  ] as const) {
    expect((await board(path, { ...operator, method })).status).toBe(405)
  }
})

test('without the setting there is no board', async () => {
  const api = await flashlane.startApi({ QUEUE_BOARD: 'false' })

  expect((await fetch(`${api.url}/admin/queues`, operator)).status).toBe(404)
})
