/** What happened, a line a step: the same seed writes the same lines. */
import { createHash } from 'node:crypto'

export type Trace = {
  /** `who` does or hears `what`. */
  add(who: string, what: string): void
  lines(): readonly string[]
  hash(): string
}

export function createTrace(nowMs: () => number): Trace {
  const lines: string[] = []
  return {
    add(who, what) {
      lines.push(`${nowMs().toFixed(3).padStart(10)} ${who.padEnd(9)} ${what}`)
    },
    lines: () => lines,
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16),
  }
}

/** Ids as a reader can follow them: their zeros say nothing. */
export const short = (text: string): string => text.replaceAll(/(?<=_|\b)0{5,}(?=[0-9a-z])/g, '')
