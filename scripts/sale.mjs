/** The last steps of npm start: a canary has gone through a lane, something is on sale, and how to buy it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from './progress.mjs'

const ANSWER_MS_MAX = 5_000
const READY_MS_MAX = 60_000
const POLL_MS = 100

const demoProduct = {
  name: 'Lightning lamp',
  description: 'One hundred of them, and a crowd at the door.',
  price: 4_900,
  currency: 'USD',
  stock_total: 100,
}

/**
 * @typedef {{ status?: string, canary?: { ok?: boolean } }} Readiness
 * @typedef {{ items: readonly { id: number, name: string, available_stock?: number }[] }} Products
 */

/**
 * @param {string} url
 * @param {RequestInit} [request]
 */
async function ask(url, request) {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(ANSWER_MS_MAX) })
  const text = await response.text()
  return { ok: response.ok, status: response.status, text }
}

/**
 * Until the api is ready and a worker has answered its canary.
 * @param {string} address
 */
export async function untilSelling(address) {
  const deadlineMs = performance.now() + READY_MS_MAX
  let last = 'nothing'
  while (performance.now() < deadlineMs) {
    try {
      const { ok, status, text } = await ask(`${address}/readyz`)
      last = `${status} ${text}`
      /** @type {Readiness} */
      const readiness = ok ? JSON.parse(text) : {}
      if (readiness.canary?.ok) return
    } catch (error) {
      last = String(error)
    }
    await sleep(POLL_MS)
  }
  throw new Problem(
    `No canary came through a lane in ${READY_MS_MAX / 1000} s. ${address}/readyz said last:\n${last}`,
  )
}

/**
 * The product to show: one with stock left, or a new one.
 * @param {string} address
 * @param {string} adminToken
 * @returns {Promise<number>}
 */
export async function putOnSale(address, adminToken) {
  const { ok, text } = await ask(`${address}/api/products?per_page=20`)
  if (!ok) throw new Problem(`The api does not list its products: ${text}`)
  /** @type {Products} */
  const { items } = JSON.parse(text)
  const buyable = items.find((product) => product.available_stock !== 0)
  if (buyable) return buyable.id

  const made = await ask(`${address}/api/admin/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(demoProduct),
  })
  if (!made.ok)
    throw new Problem(`The api did not take the demo product (${made.status}): ${made.text}`)
  /** @type {{ id: number }} */
  const { id } = JSON.parse(made.text)
  return id
}

/** @param {string} name */
function pick(name) {
  return `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`
}

/**
 * Three lines to paste into a shell: each one uses what the line before it got.
 * @param {string} address
 * @param {number} productId
 */
export function threeCurls(address, productId) {
  const post = (/** @type {string} */ path, /** @type {string} */ body) =>
    `curl -s ${address}/api/${path} -H 'content-type: application/json' -d ${body}`
  return [
    `HOLD=$(${post('holds', `'{"product_id":${productId},"qty":2}'`)} | ${pick('hold_id')}); echo "$HOLD"`,
    `ORDER=$(${post('orders', `'{"hold_id":"'$HOLD'"}'`)} | ${pick('order_id')}); echo "$ORDER"`,
    `${post('payments/webhook', `'{"idempotency_key":"pay-'$ORDER'","order_id":"'$ORDER'","status":"success"}'`)}; echo`,
  ]
}
