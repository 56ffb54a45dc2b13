import type { Client } from '@flashlane/client'
import { CommanderError } from 'commander'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createProgram } from './program.ts'
import type { Told } from './told.ts'
import { UsageError } from './usage-error.ts'

type Asked = readonly [call: string, ...args: unknown[]]

/** What a command line asks of the api; nothing is answered. */
async function askedBy(...args: readonly string[]): Promise<readonly Asked[]> {
  const asked: Asked[] = []
  const client = new Proxy({} as Client, {
    get:
      (_, call: string) =>
      (...given: readonly unknown[]) => {
        asked.push([call, ...given])
        return Promise.reject(new Error('nobody answers'))
      },
  })
  await programOf(client).parseAsync([...args], { from: 'user' })
  return asked
}

/** Said as to a terminal. */
function programOf(client: Client, said: string[] = []) {
  const program = createProgram({
    async run(ask) {
      await ask(client).catch(() => {})
    },
    tell: ({ text }: Told) => void said.push(text),
    watch: async () => {},
  })
  for (const each of [program, ...program.commands.flatMap((noun) => [noun, ...noun.commands])]) {
    each.configureOutput({ writeOut: (text) => void said.push(text), writeErr: () => {} })
  }
  return program
}

test.each([
  [
    ['products', 'stock', '7', '--delta', '-20'],
    ['adjustStock', 7, { delta: -20 }],
  ],
  [
    ['products', 'stock', '7', '--set', '0'],
    ['adjustStock', 7, { set: 0 }],
  ],
  [
    ['products', 'pause', '7'],
    ['pauseProduct', 7],
  ],
  [
    ['products', 'window', '7', '--starts', '2026-11-27T10:00:00+01:00', '--ends', 'none'],
    ['changeProduct', 7, { sale_starts_at: '2026-11-27T09:00:00.000Z', sale_ends_at: null }],
  ],
  [
    ['products', 'change', '7', '--max-per-hold', 'none', '--price', '0'],
    ['changeProduct', 7, { price: 0, max_per_hold: null }],
  ],
  [
    ['products', 'create', '--name', 'none', '--price', '5', '--stock', '1'],
    ['createProduct', { name: 'none', price: 5, stock_total: 1 }],
  ],
  [
    ['refunds', 'list', '--status', 'due', '--page', '2'],
    ['listRefunds', { page: 2, status: 'due' }],
  ],
  [
    ['dead-letters', 'list', '--replayed', 'no'],
    ['listDeadLetters', { replayed: 'false' }],
  ],
  [['orders:expire-holds'], ['sweep']],
] as const)('%j asks for %j', async (args, asked) => {
  expect(await askedBy(...args)).toEqual([asked])
})

test.each([
  ['a word for a number', ['products', 'pause', 'lamp']],
  ['half a product', ['products', 'pause', '1.5']],
  ['no product', ['products', 'pause']],
  ['a product too many', ['products', 'pause', '1', '2']],
  ['nothing to change', ['products', 'change', '1']],
  ['neither delta nor set', ['products', 'stock', '1']],
  ['both delta and set', ['products', 'stock', '1', '--set', '1', '--delta', '1']],
  ['an instant that is none', ['products', 'window', '1', '--starts', 'noon']],
  ['a day without its time zone', ['products', 'window', '1', '--starts', '2026-11-27T09:00']],
  ['no window', ['products', 'window', '1']],
  ['a product without a price', ['products', 'create', '--name', 'Lamp', '--stock', '1']],
  ['a verb that is none', ['products', 'sell']],
  ['a noun that is none', ['shops']],
  ['a state that is none', ['lanes', 'set', 'p1', 'closed']],
  ['a scope that is none', ['tokens', 'new', '--name', 'anna', '--scope', 'god']],
  ['a name with a colon', ['tokens', 'new', '--name', 'a:b', '--scope', 'read']],
])('%s is told of before anything is asked', async (_, args) => {
  const error: unknown = await askedBy(...args).catch((error: unknown) => error)

  const isUsage = error instanceof UsageError || error instanceof CommanderError
  expect({ error, isUsage }).toMatchObject({ isUsage: true })
  expect(error).not.toMatchObject({ exitCode: 0 })
})

test('help names every noun, and is no error', async () => {
  const said: string[] = []
  const error: unknown = await programOf({} as Client, said)
    .parseAsync(['--help'], { from: 'user' })
    .catch((error: unknown) => error)

  expect(error).toMatchObject({ exitCode: 0 })
  for (const noun of ['products', 'lanes', 'sweep', 'dead-letters', 'refunds', 'audit', 'watch']) {
    expect(said.join('')).toContain(`  ${noun}`)
  }
})

test('a new token is as long as it has to be, and its entry has only its hash', async () => {
  const said: string[] = []
  await programOf({} as Client, said).parseAsync(
    ['tokens', 'new', '--name', 'anna', '--scope', 'operate'],
    { from: 'user' },
  )

  const token = /flashlane_[\w-]{43}/.exec(said[0] ?? '')?.[0] ?? ''
  const entry = /anna:operate:[0-9a-f]{64}/.exec(said[0] ?? '')?.[0]
  expect(entry).toBe(`anna:operate:${createHash('sha256').update(token).digest('hex')}`)
})
