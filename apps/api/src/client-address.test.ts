import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'

async function read(socket: string, told?: string, trustedHops = 0): Promise<string> {
  const app = new Hono().get('/', (c) => c.text(clientAddress(c, trustedHops)))
  const headers: Record<string, string> = told === undefined ? {} : { 'x-forwarded-for': told }
  const env = { incoming: { socket: { remoteAddress: socket } } }
  return (await app.request('/', { headers }, env)).text()
}

test('nobody is believed about his address while no proxy is trusted', async () => {
  expect(await read('10.0.0.1', '6.6.6.6')).toBe('10.0.0.1')
})

test.each([
  [1, '203.0.113.7', '203.0.113.7'],
  [1, '6.6.6.6, 203.0.113.7', '203.0.113.7'],
  [2, '6.6.6.6, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
  [2, '203.0.113.7', '203.0.113.7'],
  [1, undefined, '10.0.0.1'],
  [1, 'unknown', '10.0.0.1'],
])('behind %d proxies that told %s it is %s', async (hops, told, address) => {
  expect(await read('10.0.0.1', told, hops)).toBe(address)
})

test.each([
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:DB8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8::5', '2001:db8:0:0::/64'],
  ['2001:0db8:0000:0001::', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', async (address, network) => {
  expect(await read(address)).toBe(network)
})
