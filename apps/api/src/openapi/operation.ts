/** One operation of the document: what can be sent to it, and everything that it answers. */
import { createRoute, type RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { type AnswerHeader, headerRefs, OUTCOME_HEADERS, requestHeaders } from './headers.ts'
import type { Scope } from '../operator-token.ts'
import { anyProblem, isRefusal, type ProblemCode, statusOf, titleOf } from './problems.ts'

export const TAGS = {
  Products: 'What is on sale',
  Holds: 'Units kept for a buyer, for a while',
  Orders: 'Holds on their way to be paid',
  Payments: 'What payment providers tell',
  Commands: 'What became of a request that was answered 202',
  Operators: 'With the operators’ token',
  Health: 'Of one api process',
  Reference: 'This document',
} as const

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>
type Answer = {
  readonly description: string
  readonly headers: ReturnType<typeof headerRefs>
  readonly content?: NonNullable<Body['content']>
}
type Answers = Record<number, Answer>

type Operation = {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  readonly path: string
  readonly operationId: string
  readonly tags: readonly (keyof typeof TAGS)[]
  readonly summary: string
  readonly description: string
  /** Names the token that it wants, and how far it has to go, if it wants one; the handler is what checks it. */
  readonly security?: { operatorToken: [Scope] }[]
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodRawShape
  readonly body?: Body
  /** By status: all answers that are no problem. */
  readonly answers: Answers
  readonly problems: readonly ProblemCode[]
  /** Where a problem has another status here than elsewhere. */
  readonly statuses?: Partial<Record<ProblemCode, number>>
}

const TOKEN_PROBLEMS = ['unauthorized', 'forbidden'] as const

export const operation = (definition: Operation) => {
  const { params, query, headers, body, answers, problems, tags, security, ...others } = definition
  const { statuses = {}, ...rest } = others
  return createRoute({
    ...rest,
    tags: [...tags],
    security: security ?? [],
    request: {
      headers: z.object({ ...headers, ...requestHeaders }),
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(body ? { body } : {}),
    },
    responses: withProblems(answers, [...(security ? TOKEN_PROBLEMS : []), ...problems], statuses),
  })
}

/** What every operation for operators has: how far a token has to go for it. */
export const operators = (scope: Scope) => ({
  tags: ['Operators'] as const,
  security: [{ operatorToken: [scope] as [Scope] }],
})

export function scopeOf({ operationId, security }: Definition): Scope {
  const scope = security?.[0]?.['operatorToken']?.[0]
  if (scope === undefined) throw new Error(`${operationId} does not say which token it wants`)
  return scope
}

export type Definition = ReturnType<typeof operation>

export const jsonBody = (schema: z.ZodType, example: object): Body => ({
  required: true,
  content: { 'application/json': { schema, example } },
})

/** A body that need not be there. */
export const optionalJsonBody = (schema: z.ZodType, example: object): Body => ({
  ...jsonBody(schema, example),
  required: false,
})

export const jsonAnswer = (
  description: string,
  schema: z.ZodType,
  example: object,
  headers: readonly AnswerHeader[] = [],
): Answer => ({
  description,
  headers: headerRefs(['X-Request-Id', ...headers]),
  content: { 'application/json': { schema, example } },
})

export const eventStream = (description: string): Answer => ({
  description,
  headers: headerRefs(['X-Request-Id', 'Cache-Control']),
  content: { 'text/event-stream': { schema: z.string() } },
})

export const lastEventId = {
  'Last-Event-ID': z
    .string()
    .optional()
    .meta({ description: 'The last event that the client has: it is not told again' }),
}

function withProblems(
  answers: Answers,
  problems: readonly ProblemCode[],
  statuses: Partial<Record<ProblemCode, number>>,
): Answers {
  const all: Answers = { ...answers }
  for (const [status, codes] of Map.groupBy(problems, (code) => statuses[code] ?? statusOf(code))) {
    const answer = answers[status] ?? { description: '', headers: {}, content: {} }
    all[status] = {
      description: [answer.description, ...new Set(codes.map(sentenceOf))]
        .filter((text) => text !== '')
        .join('. '),
      headers: { ...answer.headers, ...headerRefs(['X-Request-Id', ...headersOf(status, codes)]) },
      content: { ...answer.content, 'application/problem+json': { schema: anyProblem(codes) } },
    }
  }
  return all
}

const sentenceOf = (code: ProblemCode): string => `${titleOf(code)} (\`${code}\`)`

/** A refusal is an outcome, which may be another request's. */
function headersOf(status: number, codes: readonly ProblemCode[]): readonly AnswerHeader[] {
  if (status === 401) return ['WWW-Authenticate']
  if (status === 503) return ['Retry-After']
  if (status === 429) return ['Retry-After', 'RateLimit', 'RateLimit-Policy']
  return codes.some(isRefusal) ? OUTCOME_HEADERS : []
}
