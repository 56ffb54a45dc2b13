/** A command that failed, to be tried again: a new command, since the old one's outcome stays. */
import { type Command, command as commandSchema, type RecordPayment } from './command.ts'
import { formatId } from './ids.ts'
import { FOREIGN_NAME_BYTES_MAX } from './limits.ts'

/** Null for what is no client's or provider's command, or cannot be read. */
export function replayOf(
  body: unknown,
  { x, nowMs, isKeyUsed }: { x: string; nowMs: number; isKeyUsed: boolean },
): Command | null {
  const parsed = commandSchema.safeParse(body)
  if (!parsed.success) return null
  const { fingerprint: _, ...command } = parsed.data
  const { productId } = command
  const head = { commandId: formatId('cmd', productId, x), acceptedAtMs: nowMs }
  switch (command.type) {
    case 'PlaceHold':
      return { ...command, ...head, holdId: formatId('hold', productId, x) }
    case 'PlaceOrder':
      return { ...command, ...head, orderId: formatId('ord', productId, x) }
    case 'RecordPayment':
      return { ...command, ...head, eventKey: isKeyUsed ? otherKey(command, x) : command.eventKey }
    case 'ExpireDue':
    case 'CreateProduct':
      return null
    case 'ExtendHold':
    case 'ReleaseHold':
    case 'CancelOrder':
    case 'AdjustStock':
    case 'ChangeProduct':
    case 'SettleRefund':
      return { ...command, ...head }
  }
}

/** Another payment under a key that was used: it needs one of its own, which still shows where it came from. */
function otherKey({ eventKey }: RecordPayment, x: string): string {
  const key = `${eventKey}#${x}`
  return new TextEncoder().encode(key).length <= FOREIGN_NAME_BYTES_MAX ? key : x
}
