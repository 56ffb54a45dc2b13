/** Addresses that other systems have for the same things: whatever answers the one answers the others. */

const SUCCESS_WEBHOOK = '/webhook/payment-success'

export const ALIASES = {
  placeHold: ['/api/hold', '/api/orders/hold'],
  placeOrder: ['/api/order'],
  tellPayment: ['/api/webhooks/payment', '/api/webhook/payment', `/api${SUCCESS_WEBHOOK}`],
} as const

/** Whether an address says that a payment succeeded, whatever the event itself says. */
export const isSuccessWebhook = (path: string): boolean => path.endsWith(SUCCESS_WEBHOOK)
