/** What operators call, with their token. */
import type { CommandCall, CommandOptions, Commands } from './commands.ts'
import type {
  Body,
  OperationId,
  Product,
  QueuedAnswer,
  Query,
  Refund,
  Stock,
  Success,
} from './schemas.ts'
import type { Call, CallOptions, Send } from './send.ts'

type ProductChanges = Omit<Body<'changeProduct'>, 'idempotency_key'>
/** Either of the two. */
type StockChange =
  | { readonly delta: number; readonly set?: never }
  | { readonly set: number; readonly delta?: never }

type Deps = Commands & { readonly send: Send; readonly adminToken: string | undefined }

export function operatorCalls({ send, execute, awaitCommand, adminToken }: Deps) {
  const headers: Record<string, string> =
    adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` }

  const ask = (call: Call, options?: CallOptions) => send({ ...call, headers }, options)

  const lister =
    <Id extends OperationId>(path: string) =>
    async (query?: Query<Id>, options?: CallOptions): Promise<Success<Id>> => {
      const { body } = await ask({ method: 'GET', path, ...(query && { query }) }, options)
      return body as Success<Id>
    }

  /** Sent once: it takes no key, and a repeat would make a second product. */
  async function createProduct(
    fields: Body<'createProduct'>,
    options?: CallOptions,
  ): Promise<Product> {
    const call = {
      method: 'POST',
      path: '/api/admin/products',
      body: fields,
      isOnce: true,
    } as const
    return (await ask(call, options)).body as Product
  }

  const changeProduct = ((productId: number, changes: ProductChanges, options?: CommandOptions) =>
    execute(
      { method: 'PATCH', path: productPath(productId), body: changes, headers },
      options,
    )) as CommandCall<[productId: number, changes: ProductChanges], Product>

  const adjustStock = ((productId: number, change: StockChange, options?: CommandOptions) =>
    execute(
      { method: 'POST', path: `${productPath(productId)}/stock`, body: change, headers },
      options,
    )) as CommandCall<[productId: number, change: StockChange], Stock>

  const switcher = (action: 'pause' | 'resume') =>
    ((productId: number, options?: CommandOptions) =>
      execute(
        { method: 'POST', path: `${productPath(productId)}/${action}`, headers },
        options,
      )) as CommandCall<[productId: number], Product>

  const settler = (status: 'sent' | 'done') =>
    ((refundId: string, options?: CommandOptions) =>
      execute(
        {
          method: 'POST',
          path: `/api/admin/refunds/${encodeURIComponent(refundId)}/${status}`,
          headers,
        },
        options,
      )) as CommandCall<[refundId: string], Refund>

  /** Sent once: a letter is tried again once. */
  async function replayDeadLetter(
    id: string,
    options?: CallOptions,
  ): Promise<Success<'replayDeadLetter'>> {
    const path = `/api/admin/dead-letters/${encodeURIComponent(id)}/replay`
    const { status, body } = await ask({ method: 'POST', path, isOnce: true }, options)
    if (status !== 202) return body as Success<'replayDeadLetter'>
    const { command_id } = body as QueuedAnswer
    const { result, problem } = await awaitCommand(command_id, options)
    return { command_id, outcome: result ?? problem }
  }

  async function sweep(options?: CallOptions): Promise<Success<'sweep'>> {
    const { body } = await ask({ method: 'POST', path: '/api/admin/sweep' }, options)
    return body as Success<'sweep'>
  }

  return {
    createProduct,
    changeProduct,
    adjustStock,
    pauseProduct: switcher('pause'),
    resumeProduct: switcher('resume'),
    listRefunds: lister<'listRefunds'>('/api/admin/refunds'),
    markRefundSent: settler('sent'),
    markRefundDone: settler('done'),
    listPaymentEvents: lister<'listPaymentEvents'>('/api/admin/payments'),
    listDeadLetters: lister<'listDeadLetters'>('/api/admin/dead-letters'),
    replayDeadLetter,
    listLanes: lister<'listLanes'>('/api/admin/lanes'),
    listActions: lister<'listActions'>('/api/admin/actions'),
    auditProduct: lister<'auditProduct'>('/api/admin/audit'),
    sweep,
  }
}

const productPath = (productId: number): string => `/api/admin/products/${productId}`
