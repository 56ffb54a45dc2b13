export { type Client, type ClientOptions, createClient } from './client.ts'
export type { AwaitOptions, CommandOptions, Queued } from './commands.ts'
export { FlashlaneError, NoAnswerError, StillQueuedError } from './errors.ts'
export type { Retries } from './retries.ts'
export type {
  CommandApplied,
  Hold,
  HoldDetails,
  Order,
  OrderDetails,
  Problem,
  ProblemCode,
  Product,
  ProductPage,
  Refund,
  Stock,
} from './schemas.ts'
export type { CallOptions, Fetch } from './send.ts'
export type { WatchOptions } from './watch-product.ts'
