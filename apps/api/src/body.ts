/** Reads a request's body, never more of it than allowed, and parses it. */
import { isAscii } from 'node:buffer'
import { COMMAND_BODY_BYTES_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import type { z } from 'zod'
import { headAndBodyParsed, headerOf, takeBodyAtHand } from './incoming.ts'
import { Fault, type FieldError, invalid } from './problem.ts'

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i

/** The parsed body of one of our own requests. */
export async function readJson<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
  requireJson(c)
  const bytes = await readBytes(c, COMMAND_BODY_BYTES_MAX)
  return parse(schema, parseJson(decode(bytes, utf8)))
}

/** As `readJson`, where a request may as well have no body. */
export async function readOptionalJson<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const text = await readText(c, COMMAND_BODY_BYTES_MAX)
  if (text === '') return parse(schema, {})
  requireJson(c)
  return parse(schema, parseJson(text))
}

function requireJson(c: Context): void {
  if (JSON_TYPE.test(headerOf(c, 'content-type') ?? '')) return
  throw new Fault('unsupported_media_type', 'send application/json')
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Fault('malformed', error instanceof Error ? error.message : 'not JSON')
  }
}

export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(firstOfEach(parsed.error.issues.flatMap(fieldErrors)))
}

/** A field that fails one check often fails another: the first is what its sender needs to know. */
function firstOfEach(errors: readonly FieldError[]): FieldError[] {
  const fields = new Set<string>()
  return errors.filter(({ field }) => {
    const isFirst = !fields.has(field)
    fields.add(field)
    return isFirst
  })
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [{ field: path || 'body', message: issue.message }]
  return issue.keys.map((key) => ({
    field: path ? `${path}.${key}` : key,
    message: 'is not a field of this request',
  }))
}

export const readText = async (c: Context, bytesMax: number): Promise<string> =>
  decode(await readBytes(c, bytesMax), utf8)

/** What a signature is over: no two bodies have the same text. */
export const readExactText = async (c: Context, bytesMax: number): Promise<string> =>
  decode(await readBytes(c, bytesMax), exactUtf8)

const utf8 = new TextDecoder('utf-8', { fatal: true })
const exactUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name with a replacement character in it would be another name, and several would become one. */
function decode(bytes: Buffer, decoder: typeof utf8): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  try {
    return decoder.decode(bytes)
  } catch {
    throw new Fault('malformed', 'the body is not UTF-8')
  }
}

/** A body whose length is told is refused unread. */
async function readBytes(c: Context, bytesMax: number): Promise<Buffer> {
  const length = headerOf(c, 'content-length')
  if (Number(length ?? 0) > bytesMax) throw tooLarge(bytesMax)
  try {
    if (length === undefined) return await readChunks(c, bytesMax)
    await headAndBodyParsed
    return takeBodyAtHand(c, Number(length)) ?? Buffer.from(await c.req.raw.arrayBuffer())
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('malformed', 'the body ended too early')
  }
}

/** A body without a length is counted as it comes. */
async function readChunks(c: Context, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (bytesMax: number): Fault =>
  new Fault('body_too_large', `at most ${bytesMax} bytes`, { headers: { connection: 'close' } })
