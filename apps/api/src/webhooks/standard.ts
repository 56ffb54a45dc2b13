/** A payment event as Standard Webhooks tell it: `{type, timestamp, data}`, or as flat as the generic one. */
import { z } from 'zod'
import { parseJson } from '../body.ts'
import { type PaymentNews, readEvent } from './generic.ts'

const envelope = z.object({
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
})

export function parseStandard(payload: string, webhookId: string): PaymentNews {
  const value = parseJson(payload)
  const enveloped = envelope.safeParse(value)
  const fields = enveloped.success ? fieldsOf(enveloped.data) : value
  return readEvent(fields, { provider: 'standard', payload, key: webhookId })
}

/** Of events that speak of anything but payments and refunds, no status may tell that an order is paid. */
function fieldsOf({ type, data }: z.infer<typeof envelope>): object {
  const isOfMoney = !type.includes('.') || /^(payment|payment_intent|charge|refund)s?\./i.test(type)
  return isOfMoney ? { ...data, type } : { type }
}
