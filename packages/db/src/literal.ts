/** Values as SQL writes them. What is plain is quoted here, since a batch has thousands; anything else the driver escapes. */
import { escape } from 'mysql2'

/** Text that a JSON writer made: it has no control characters, and only these two mean something inside quotes. */
export type Json = { readonly json: string }

const PLAIN = /^[\w .:-]*$/

export function literal(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'string') return PLAIN.test(value) ? `'${value}'` : escape(value)
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`
  if (isJson(value)) return jsonLiteral(value.json)
  throw new TypeError(`no literal for ${typeof value}`)
}

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && 'json' in value && typeof value.json === 'string'

const jsonLiteral = (json: string): string =>
  `'${json.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
