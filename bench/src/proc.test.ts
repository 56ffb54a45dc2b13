import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { listenerOn } from './proc.ts'

test('who listens on a port is found, and nobody once it is free', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const listener = listenerOn(port)
  await new Promise((resolve) => server.close(resolve))

  expect([listener, listenerOn(port)]).toEqual([process.pid, null])
})
