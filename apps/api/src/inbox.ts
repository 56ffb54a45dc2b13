/** Payment events: into their lane, or into MySQL until the lane can have them. Nothing is acknowledged before MySQL has it. */
import {
  formatId,
  isOtherPayment,
  type Outcome,
  type PaymentEvent,
  parseId,
  type RecordPayment,
} from '@flashlane/core'
import type { Answer } from './dispatch/waiter.ts'
import type { PaymentNews } from './webhooks/generic.ts'

/** When the sweeper looks at the event for the first time. */
const UNROUTED_RETRY_MS = 1_000
/** It may be in its lane already, and be applied there any moment. */
const IN_LANE_RETRY_MS = 10_000

export type Heard =
  | { readonly kind: 'applied'; readonly outcome: Outcome }
  | { readonly kind: 'known'; readonly event: PaymentEvent }
  | { readonly kind: 'kept' }
  | { readonly kind: 'ignored' }

export type InboxDeps = {
  submit(command: RecordPayment, waitMs: number): Promise<Answer>
  has(productId: number): boolean | Promise<boolean>
  findOrderByReference(paymentRef: string): Promise<{ productId: number } | null>
  insertWaitingEvent(
    command: RecordPayment,
    nextTryAtMs: number,
  ): Promise<{ kind: 'inserted' } | { kind: 'known'; event: PaymentEvent }>
  /** Operators see money that came under another payment's key. */
  buryReusedKey(command: RecordPayment): Promise<void>
  drawX(nowMs: number): string
  nowMs(): number
  readonly webhookWaitMs: number
  readonly releaseOnFailure: boolean
  readonly restockOnRefund: boolean
}

export type Inbox = (
  news: PaymentNews,
  requestId: string,
) => Promise<{ command: RecordPayment; heard: Heard }>

export function createInbox(deps: InboxDeps): Inbox {
  return async (news, requestId) => {
    const productId = await productOf(news)
    const command = commandOf(news, productId ?? NO_PRODUCT, requestId)
    if (productId === null) {
      // What says nothing of any order of ours, and is neither success nor failure, is nobody's.
      if (news.kind === 'other') return { command, heard: { kind: 'ignored' } }
      return { command, heard: await keep(command, UNROUTED_RETRY_MS) }
    }
    const answer = await deps.submit(command, deps.webhookWaitMs)
    if (answer.kind === 'applied') {
      // A command that failed stands as a dead letter in MySQL; in the inbox it would fail again and again.
      const { outcome } = answer
      const hasFailed = outcome.outcome === 'error'
      return { command, heard: hasFailed ? { kind: 'kept' } : { kind: 'applied', outcome } }
    }
    const mayBeInLane =
      answer.kind === 'queued' || (answer.kind === 'unavailable' && answer.mayHappen)
    return {
      command,
      heard: await keep(command, mayBeInLane ? IN_LANE_RETRY_MS : UNROUTED_RETRY_MS),
    }
  }

  /** The product whose lane the event goes to: its own id tells, else whatever order the reference belongs to. */
  async function productOf({ orderId, holdId, paymentRef }: PaymentNews): Promise<number | null> {
    const id = parseId(orderId ?? holdId ?? '')
    if (id) return (await deps.has(id.productId)) ? id.productId : null
    const order = paymentRef === null ? null : await deps.findOrderByReference(paymentRef)
    return order?.productId ?? null
  }

  async function keep(command: RecordPayment, afterMs: number): Promise<Heard> {
    const kept = await deps.insertWaitingEvent(command, deps.nowMs() + afterMs)
    if (kept.kind === 'inserted') return { kind: 'kept' }
    const { event } = kept
    const isReused = event.bodyHash !== command.bodyHash && command.kind === 'succeeded'
    if (isReused && isOtherPayment(event, command)) await deps.buryReusedKey(command)
    return kept
  }

  function commandOf(news: PaymentNews, productId: number, requestId: string): RecordPayment {
    const acceptedAtMs = deps.nowMs()
    return {
      type: 'RecordPayment',
      commandId: formatId('cmd', productId, deps.drawX(acceptedAtMs)),
      productId,
      acceptedAtMs,
      requestId,
      releaseOnFailure: deps.releaseOnFailure,
      restockOnRefund: deps.restockOnRefund,
      ...news,
    }
  }
}

/** An event that leads to no product yet is kept without one; its command is never sent. */
const NO_PRODUCT = 1
