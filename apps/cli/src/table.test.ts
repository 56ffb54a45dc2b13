import { expect, test } from 'vitest'
import { tableOf } from './table.ts'

test('columns stand apart by blanks, numbers to the right, and what is not known is a dash', () => {
  const table = tableOf(
    [
      { name: 'Lamp', sold: 1_200 },
      { name: 'Desk lamp', sold: null },
    ],
    { name: ({ name }) => name, sold: ({ sold }) => sold },
  )

  expect(table).toBe(['name        sold', 'Lamp       1,200', 'Desk lamp      -'].join('\n'))
})

test('a name cannot steer the terminal, nor turn the line around', () => {
  const table = tableOf(['\u001b[2J\u202eLamp\r\n\u0007'], { name: (name) => name })

  expect(table).toBe('name\n?[2J?Lamp???')
})
