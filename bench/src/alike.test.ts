import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { askForHold, unlike } from './alike.ts'
import type { Contestant, Way } from './contestants/contestant.ts'

/** Answers everything alike. */
async function aContestant(
  way: Way,
  { status = 201, headers = {}, body }: { status?: number; headers?: object; body: object },
): Promise<Contestant> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    way,
    url,
    children: [],
    granted: async () => null,
    audit: async () => [],
    stop: async () => {},
  }
}

test('peers whose answers have the same status, headers and fields are alike, whatever the values', async () => {
  const flashlane = await aContestant('flashlane', { headers: { a: '1' }, body: { qty: 1 } })
  const peer = await aContestant('noop', { headers: { a: '2' }, body: { qty: 2 } })

  expect(await unlike(flashlane, [peer], askForHold)).toEqual([])
})

test('a peer that leaves out a header or a field, or has another status, is told of by name', async () => {
  const flashlane = await aContestant('flashlane', {
    headers: { a: '1' },
    body: { qty: 1, version: 1 },
  })
  const peer = await aContestant('noop', { status: 200, body: { qty: 1 } })

  expect(await unlike(flashlane, [peer], askForHold)).toEqual([
    'no-op answers otherwise than Flashlane: holds, field version; holds, header a; holds, status 200; holds, status 201',
  ])
})
