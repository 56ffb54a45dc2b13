/** What stands on the command line, parsed; a wrong word is told of before anything is asked. */
import { InvalidArgumentError } from 'commander'

const integer =
  (min: number, what: string) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`It takes ${what}.`)
    }
    return value
  }

export const productId = integer(1, 'the number of a product')
export const count = integer(0, 'a whole number')
export const positive = integer(1, 'a whole number from 1 on')
export const difference = integer(-Number.MAX_SAFE_INTEGER, 'a whole number, as in 50 or -20')

/** Takes a limit away. Not null, which commander takes for nothing said. */
export const NONE = Symbol('none')

/** An instant as ISO 8601; `now`; or `none`. */
export function instant(text: string): string | typeof NONE {
  if (text === 'none') return NONE
  const ms = text === 'now' ? Date.now() : Date.parse(text)
  const isWhole = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text)
  if (Number.isNaN(ms) || !(isWhole || text === 'now')) {
    throw new InvalidArgumentError('It takes an instant, as in 2026-11-27T09:00:00Z, now, or none.')
  }
  return new Date(ms).toISOString()
}

/** A limit, or `none`. */
export const limit = (text: string): number | typeof NONE =>
  text === 'none' ? NONE : positive(text)
