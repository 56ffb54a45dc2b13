import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { cpuSeconds, listenerOn, startMeter } from './proc.ts'

test('who listens on a port is found, and nobody once it is free', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const listener = listenerOn(port)
  await new Promise((resolve) => server.close(resolve))

  expect([listener, listenerOn(port)]).toEqual([process.pid, null])
})

test('a meter tells what a process has of the processors from then on, shared by what it did', () => {
  const meter = startMeter([{ name: 'this', pid: process.pid }])
  const before = cpuSeconds(process.pid)
  while (cpuSeconds(process.pid) - before < 0.2) JSON.parse('[1,2,3]')

  const { this: us } = meter(100)

  expect(us).toBeGreaterThanOrEqual(2_000)
  expect(us).toBeLessThan(20_000)
})
