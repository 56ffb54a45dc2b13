/** Whether two values are alike, and if not, in what: said short enough for a sentence. */
import { isDeepStrictEqual } from 'node:util'

export const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b)

const TEXT_MAX = 120

export const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)} ...` : text
}

/** The fields in which two differ: `status is "active", not "expired"`. */
export function difference(is: object, shouldBe: object): string {
  const has = new Map<string, unknown>(Object.entries(is))
  const wants = new Map<string, unknown>(Object.entries(shouldBe))
  const names = [...new Set([...wants.keys(), ...has.keys()])]
  return names
    .filter((name) => !isSame(has.get(name), wants.get(name)))
    .map((name) => `${name} is ${show(has.get(name))}, not ${show(wants.get(name))}`)
    .join('; ')
}
