/** What is sent and answered, by the names of the OpenAPI document: on the wire and here alike. */
import type { components, operations } from './api.ts'

type Schemas = components['schemas']

export type Product = Schemas['Product']
export type ProductPage = Schemas['ProductPage']
export type Hold = Schemas['Hold']
export type HoldDetails = Schemas['HoldDetails']
export type Order = Schemas['Order']
export type OrderDetails = Schemas['OrderDetails']
export type Stock = Schemas['Stock']
export type Refund = Schemas['RefundItem']
export type CommandQueued = Schemas['CommandQueued']
export type CommandApplied = Schemas['CommandApplied']
/** What a 202 tells. */
export type QueuedAnswer = Schemas['Queued']

/** Whatever Flashlane says no with: `code` tells which it is, and so what else it has. */
export type Problem = Schemas[Extract<keyof Schemas, `Problem_${string}`>]
export type ProblemCode = Problem['code']

export type OperationId = keyof operations

type Json<Response> = Response extends { content: { 'application/json': infer Body } }
  ? Body
  : never

/** The body of an answer that is no problem and no 202. */
export type Success<Id extends OperationId> = Json<
  operations[Id]['responses'][keyof operations[Id]['responses'] & (200 | 201)]
>

export type Body<Id extends OperationId> = Json<NonNullable<operations[Id]['requestBody']>>

export type Query<Id extends OperationId> = NonNullable<operations[Id]['parameters']['query']>
