/** Holds real answers against the OpenAPI document of the process that gave them. */
import { type ErrorObject, Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
}

type Content = Readonly<Record<string, { readonly schema?: object }>>

export type OperationObject = {
  readonly operationId: string
  readonly 'x-aliases'?: readonly string[]
  readonly security?: readonly Readonly<Record<string, readonly ('read' | 'operate' | 'admin')[]>>[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly schema: object
  }[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

export type Given = {
  readonly status: number
  readonly contentType: string | null
  readonly text: string
}

/** Tells what an answer has that the document does not, or null. */
export type Check = (method: string, path: string, given: Given) => string | null

type Route = {
  readonly method: string
  readonly template: string
  readonly isAlias: boolean
  readonly path: RegExp
  /** Where the operation stands in the document. */
  readonly pointer: string
  readonly operation: OperationObject
}

const byOrigin = new Map<string, Promise<Check>>()
/** Processes of one version serve the same document: its validators are compiled once. */
const byDocument = new Map<string, Check>()
const misfits: string[] = []

/** Asks for a process's document while it serves it: an answer may come when it does not any more. */
export async function learnDocument(url: string): Promise<void> {
  const { origin } = new URL(url)
  const check = byOrigin.get(origin) ?? fetchCheck(origin)
  byOrigin.set(origin, check)
  await check
}

/** Fails where an answer does not fit; and once more at the end, for whoever has caught that. */
export async function holdAgainstDocument(
  url: string,
  method: string,
  given: Given,
): Promise<void> {
  const { origin, pathname } = new URL(url)
  const check = byOrigin.get(origin) ?? fetchCheck(origin)
  byOrigin.set(origin, check)
  const misfit = (await check)(method, pathname, given)
  if (misfit === null) return
  misfits.push(misfit)
  throw new Error(misfit)
}

export function failOnMisfits(): void {
  const [first] = misfits.splice(0)
  if (first !== undefined) throw new Error(first)
}

async function fetchCheck(origin: string): Promise<Check> {
  try {
    const response = await fetch(`${origin}/openapi.json`)
    const text = await response.text()
    const check = byDocument.get(text) ?? makeCheck(JSON.parse(text) as Document)
    byDocument.set(text, check)
    return check
  } catch (error) {
    byOrigin.delete(origin)
    throw error
  }
}

export function makeCheck(document: Document): Check {
  const routes = routesOf(document)
  const ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: true })
  addFormats.default(ajv)
  ajv.addSchema({ ...(strictly(document) as object), $id: 'document' })
  const validators = new Map<string, ValidateFunction>()

  function validatorOf(pointer: string): ValidateFunction {
    const known = validators.get(pointer)
    if (known) return known
    const made = ajv.compile({ $ref: `document#${pointer}` })
    validators.set(pointer, made)
    return made
  }

  return (method, path, { status, contentType, text }) => {
    const misfit = (why: string) => `${method} ${path} was answered ${status}, ${why}\n${text}`
    const type = contentType?.split(';', 1)[0]?.trim() ?? null
    // HEAD is answered as GET is, without the body.
    const asked = method === 'HEAD' ? 'GET' : method
    const route = routes.find((each) => each.method === asked && each.path.test(path))
    if (!route) {
      return isNowhere(status, type, text) ? null : misfit('where no operation is documented')
    }
    const response = route.operation.responses[status]
    if (!response) return misfit(`which ${route.operation.operationId} does not document`)
    if (method === 'HEAD') return null
    if (!response.content) return text === '' ? null : misfit('whose body is not documented')
    if (type === null || !response.content[type]) {
      return misfit(`of the type ${type}, which ${route.operation.operationId} does not document`)
    }
    if (!/\bjson$/.test(type)) return null
    const at = ['responses', String(status), 'content', type, 'schema'].map(escape).join('/')
    const validate = validatorOf(`${route.pointer}/${at}`)
    return validate(JSON.parse(text)) ? null : misfit(`whose body does not fit: ${tell(validate)}`)
  }
}

/** Every path that is served, those with the fewest parameters first. */
export function routesOf({ paths }: Document): readonly Route[] {
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      [path, ...(operation['x-aliases'] ?? [])].map((template) => ({
        method: method.toUpperCase(),
        template,
        isAlias: template !== path,
        path: new RegExp(
          `^${template.replace(/^\/api\//, '/api(?:/v1)?/').replaceAll(/\{\w+\}/g, '[^/]+')}$`,
        ),
        parameters: template.split('{').length - 1,
        pointer: `/paths/${escape(path)}/${method}`,
        operation,
      })),
    ),
  )
  return routes.toSorted((one, other) => one.parameters - other.parameters)
}

const escape = (key: string): string =>
  encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))

function isNowhere(status: number, type: string | null, text: string): boolean {
  if (type !== 'application/problem+json') return false
  const code = { 404: 'not_found', 405: 'method_not_allowed' }[status]
  const body = text === '' ? { code } : (JSON.parse(text) as { code?: string })
  return code !== undefined && body.code === code
}

/**
 * The document as ajv reads it: a discriminator's mapping is the same as its schemas' own. And stricter: clients have to
 * live with fields that are new, but here each one has to be documented.
 */
function strictly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strictly)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, strictly(each)] as const)
  const isOpen = 'properties' in value && !('additionalProperties' in value)
  const { mapping: _, ...strict } = Object.fromEntries(entries)
  return isOpen ? { ...strict, additionalProperties: false } : strict
}

const tell = ({ errors }: ValidateFunction): string =>
  [...new Set((errors ?? []).map(sentenceOf))].join('; ')

const sentenceOf = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath === '' ? 'it' : instancePath} ${message} ${JSON.stringify(params)}`
