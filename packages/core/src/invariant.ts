/** Thrown when something that cannot happen has: a bug in this program. Never retried, never a 4xx. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
  readonly facts: Record<string, unknown>
  constructor(message: string, facts: Record<string, unknown>) {
    super(message)
    this.facts = facts
  }
}

export function invariant(
  condition: boolean,
  message: string,
  facts: Record<string, unknown>,
): asserts condition {
  if (!condition) throw new InvariantError(message, facts)
}
