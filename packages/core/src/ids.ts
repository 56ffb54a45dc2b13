/** Ids that route themselves: `hold_<product>_<x>`. The product leads to the lane; `x` is shared by a command and what it makes. */
import { z } from 'zod'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_LENGTH = 10

export type IdKind = 'hold' | 'ord' | 'cmd'
export type ParsedId = { readonly kind: IdKind; readonly productId: number; readonly x: string }

const PATTERN = /^(hold|ord|cmd)_([1-9][0-9]{0,14})_([0-9a-hjkmnp-tv-z]{26})$/

const X = /^[0-9a-hjkmnp-tv-z]{26}$/
export const isX = (text: string): boolean => X.test(text)
export const holdId = z.string().regex(/^hold_[1-9][0-9]{0,14}_[0-9a-hjkmnp-tv-z]{26}$/)
export const orderId = z.string().regex(/^ord_[1-9][0-9]{0,14}_[0-9a-hjkmnp-tv-z]{26}$/)
export const commandId = z.string().regex(/^cmd_[1-9][0-9]{0,14}_[0-9a-hjkmnp-tv-z]{26}$/)

/** Of an order's payment: the order's id under another kind, and the payment's number. */
export const refundId = z.string().regex(/^rfd_[1-9][0-9]{0,14}_[0-9a-hjkmnp-tv-z]{26}_[0-9]{1,9}$/)

export const formatId = (kind: IdKind, productId: number, x: string): string =>
  `${kind}_${productId}_${x}`

export function parseId(id: string): ParsedId | null {
  const match = PATTERN.exec(id)
  if (!match) return null
  return { kind: match[1] as IdKind, productId: Number(match[2]), x: match[3] as string }
}

/** The same `x` under another kind: the command that made a hold, the hold that a command makes. */
export function siblingId(id: string, kind: IdKind): string {
  return `${kind}${id.slice(id.indexOf('_'))}`
}

/** Ten bits as two letters: letter by letter, an id made a string for each of them. */
const PAIRS: readonly string[] = Array.from(
  { length: 1_024 },
  (_, bits) => ALPHABET.charAt(bits >> 5) + ALPHABET.charAt(bits & 31),
)
const pairOf = (bits: number): string => PAIRS[bits & 1_023] ?? ''

/** An `x` for a command without a key: 48 bits of time, so that new rows go to the end of the table, and 80 random bits. */
export function drawX(nowMs: number, random: Uint8Array): string {
  let time = ''
  for (let rest = nowMs, i = 0; i < TIME_LENGTH; i += 2, rest = Math.floor(rest / 1_024)) {
    time = pairOf(rest % 1_024) + time
  }
  return time + encode(random.subarray(0, 10))
}

/** When a drawn `x` was drawn; what a derived one tells is noise. */
export function timeOf(x: string): number {
  let ms = 0
  for (const digit of x.slice(0, TIME_LENGTH)) ms = ms * 32 + ALPHABET.indexOf(digit)
  return ms
}

/** An `x` for a command with a key: the first 128 bits of its digest. */
export const deriveX = (digest: Uint8Array): string => encode(digest.subarray(0, 16))

/** Base 32, of 10 bytes, which are 16 letters, or of 16, which are 26: the last one is padded with zeros. */
function encode(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0x3ffff
    held += 8
    if (held >= 10) {
      held -= 10
      text += pairOf(bits >> held)
    }
  }
  if (held > 0) text += pairOf(bits << (10 - held))
  return text
}
