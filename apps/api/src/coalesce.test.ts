import { expect, test } from 'vitest'
import { coalesce } from './coalesce.ts'

test('whoever asks while a read is under way shares the next one, which began after he asked', async () => {
  const reads: ((value: string) => void)[] = []
  const read = coalesce(
    (_key: number) =>
      new Promise<string>((resolve) => {
        reads.push(resolve)
      }),
  )

  const first = read(1)
  const second = read(1)
  const third = read(1)
  expect(reads).toHaveLength(1)
  reads[0]?.('old')
  expect(await first).toBe('old')
  await Promise.resolve()
  expect(reads).toHaveLength(2)
  reads[1]?.('new')

  expect(await Promise.all([second, third])).toEqual(['new', 'new'])
})

test('a read that fails fails only for those who shared it', async () => {
  const outcomes = [Promise.reject(new Error('away')), Promise.resolve('there')]
  const read = coalesce((_key: number) => outcomes.shift() as Promise<string>)

  const first = read(1)
  const second = read(1)

  await expect(first).rejects.toThrow('away')
  expect(await second).toBe('there')
})

test('keys do not wait for each other', async () => {
  const read = coalesce(async (key: number) => key)

  expect(await Promise.all([read(1), read(2)])).toEqual([1, 2])
})
