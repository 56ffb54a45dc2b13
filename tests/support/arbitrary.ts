/** Requests for an operation of the OpenAPI document: nearly right ones, and all manner of wrong ones. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import * as fc from 'fast-check'
import type { Document, OperationObject } from './document.ts'

export type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

export type Sent = {
  readonly path: Readonly<Record<string, string>>
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or what pretends to be. */
  readonly body: string | undefined
}

/** Texts that are JSON of no schema of ours: as text, since JavaScript could not write some of them. */
const STRANGE = [
  'null true 0 -1 1.5 -0 1e308 1e999 -1e999 9007199254740993 {} [] [1]'.split(' '),
  ['""', '"0"', '"__proto__"', '"\\ud800"', '"\\udc00x"', '"\\u0000"', '"🛒"'],
  ['{"__proto__":{"qty":1}}', '{"constructor":{"prototype":{}}}', '{"toString":1,"valueOf":null}'],
  [`"${'x'.repeat(300)}"`, '['.repeat(2_000) + ']'.repeat(2_000)],
  ['{"a":'.repeat(1_000) + '1' + '}'.repeat(1_000)],
].flat()
const STRANGE_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'colour',
  '',
  'qty ',
  '$ref',
  '\u0000',
]
const NO_JSON = [
  '',
  '{',
  '[1',
  'NaN',
  'undefined',
  '{"a":1,}',
  "{'a':1}",
  '\u0000',
  '{} {}',
  '"\ud800',
]
const STRANGE_IDS = [
  '0',
  '-1',
  '01',
  '1.5',
  '1e3',
  'NaN',
  '99999999999999999999',
  '__proto__',
  '%',
  ' ',
]

const strangeJson = fc.oneof(
  fc.constantFrom(...STRANGE),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.double().map(String),
)
const headerText = fc.oneof(
  fc.constantFrom('', '0', '__proto__', 'x'.repeat(256), '\u00e9'.repeat(128), '\u00c3\u00a9', '"'),
  // A byte each; one of them no client sends.
  fc
    .string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((at) => String.fromCharCode(at)) })
    .map((text) => text.replaceAll('\u007f', '')),
)
const preference = fc.constantFrom(
  'wait=0',
  'wait=3',
  'respond-async',
  'wait=99999999999',
  'wait=-1',
)

export type Whole = Document & { readonly components: { readonly schemas: Record<string, Schema> } }

/** A request that may be right, given some values that are. */
export function requests(
  document: Whole,
  operation: OperationObject,
  { known, token }: { known: readonly unknown[]; token: string },
): fc.Arbitrary<Sent> {
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})
  const parameters = (where: string) =>
    (operation.parameters ?? []).filter((each) => each.in === where)
  const body = operation.requestBody?.content['application/json']?.schema

  return fc.record({
    path: fc.record(
      Object.fromEntries(
        parameters('path').map(({ name, schema }) => [name, pathText(resolve(schema), known)]),
      ),
    ),
    query: fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      queryText(parameters('query').map(({ name }) => name)),
    ),
    headers: headers(
      parameters('header').map(({ name }) => name),
      operation.security?.length ? token : null,
    ),
    body: body === undefined ? fc.constant(undefined) : bodyText(resolve(body), known),
  })
}

/** Whether the document itself says that a request is wrong. What it does not say, the api may still find. */
export function makeIsWrong(document: Whole) {
  const ajv = new Ajv2020({ strict: false, coerceTypes: true })
  addFormats.default(ajv)
  const exact = new Ajv2020({ strict: false })
  addFormats.default(exact)
  const { schemas } = document.components
  exact.addSchema({ $id: 'document', components: { schemas } })

  return (operation: OperationObject, { path, headers, body }: Sent, token: string): boolean => {
    const pathIsWrong = (operation.parameters ?? []).some(
      (each) => each.in === 'path' && !ajv.validate(each.schema, path[each.name]),
    )
    if (pathIsWrong) return true
    if (operation.security?.length && headers['authorization'] !== `Bearer ${token}`) return true
    if (body === undefined || (body === '' && !operation.requestBody?.required)) return false
    const type = headers['content-type'] ?? ''
    if (operation.responses['415'] && !type.startsWith('application/json')) return true
    const schema = operation.requestBody?.content['application/json']?.schema as Schema
    return !isJson(body) || !exact.validate(rooted(schema), JSON.parse(body))
  }
}

const rooted = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : { $ref: `document${schema.$ref}` }

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function pathText(schema: Schema, known: readonly unknown[]): fc.Arbitrary<string> {
  const text = fc.oneof(
    { weight: 4, arbitrary: valueOf(schema, known).map(String) },
    fc.constantFrom(...STRANGE_IDS),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.constant('x'.repeat(1_000)),
  )
  // Those two are no names but ways, which a client goes before it asks.
  return text.filter((each) => each !== '' && each !== '.' && each !== '..')
}

const queryText = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...names, 'colour', '__proto__', 'page[]'),
        fc.oneof(fc.constantFrom(...STRANGE_IDS, '1', '2'), fc.string({ unit: 'grapheme' })),
      ),
      { maxLength: 3 },
    )
    .map((pairs) => `?${new URLSearchParams(pairs).toString()}`)

function headers(names: readonly string[], token: string | null) {
  const type = fc.oneof(
    { weight: 12, arbitrary: fc.constant('application/json') },
    fc.constantFrom('application/json; charset=utf-8', 'text/plain', 'application/jsonx', ''),
  )
  const authorization = fc.oneof(
    { weight: 8, arbitrary: fc.constant(`Bearer ${token}`) },
    headerText,
    headerText.map((text) => `Bearer ${text}`),
  )
  const given = Object.fromEntries(
    names.map((name) => [name.toLowerCase(), name === 'Prefer' ? preference : headerText]),
  )
  return fc.record(
    { ...given, 'content-type': type, ...(token === null ? {} : { authorization }) },
    { requiredKeys: ['content-type'] },
  )
}

/** A body as its schema wants it, then perhaps a field too many, wrong, or missing. */
function bodyText(schema: Schema, known: readonly unknown[]): fc.Arbitrary<string> {
  const fields = Object.entries(schema.properties ?? {})
  const right = fc
    .record(
      Object.fromEntries(
        fields.map(([name, each]) => [name, valueOf(each, known).map((v) => JSON.stringify(v))]),
      ),
      { requiredKeys: [...(schema.required ?? [])] },
    )
    .map((record) => Object.entries(record))
  const names = fc.constantFrom(...fields.map(([name]) => name), ...STRANGE_NAMES)
  const wrong = fc.tuple(right, names, strangeJson).map(([entries, name, json]) => {
    const others = entries.filter(([each]) => each !== name)
    return [...others, [name, json]] as [string, string][]
  })
  const lacking = fc
    .tuple(right, fc.nat())
    .map(([entries, at]) => entries.filter((_, index) => index !== at % (entries.length || 1)))
  return fc.oneof(
    { weight: 4, arbitrary: right.map(write) },
    { weight: 6, arbitrary: wrong.map(write) },
    { weight: 2, arbitrary: lacking.map(write) },
    { weight: 1, arbitrary: strangeJson },
    { weight: 1, arbitrary: fc.constantFrom(...NO_JSON) },
  )
}

const write = (entries: readonly [string, string][]): string =>
  `{${entries.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`

function valueOf(schema: Schema, known: readonly unknown[]): fc.Arbitrary<unknown> {
  const types = [schema.type ?? 'string'].flat()
  const fitting = known.filter((value) => fits(schema, types, value))
  const made = fc.oneof(...types.map((type) => madeOf(schema, type)))
  return fitting.length === 0
    ? made
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...fitting) }, made)
}

function fits(schema: Schema, types: readonly string[], value: unknown): boolean {
  const { pattern, exclusiveMinimum, maximum = Infinity } = schema
  if (typeof value === 'string') return pattern !== undefined && new RegExp(pattern).test(value)
  return types.includes('integer') && exclusiveMinimum === 0 && Number(value) <= maximum
}

function madeOf(schema: Schema, type: string): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (type) {
    case 'integer':
    case 'number': {
      const min = schema.minimum ?? (schema.exclusiveMinimum ?? -10) + 1
      const max = Math.min(schema.maximum ?? 100, 2 ** 31 - 1)
      return fc.oneof(
        fc.integer({ min, max: Math.max(min, Math.min(max, min + 9)) }),
        fc.integer({ min, max }),
      )
    }
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    default:
      return schema.pattern === undefined
        ? fc.string({ unit: 'grapheme', minLength: schema.minLength ?? 0, maxLength: 20 })
        : fc.stringMatching(new RegExp(schema.pattern))
  }
}
