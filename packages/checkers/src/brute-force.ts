/** For the test of C5: tries every order of a few operations that time allows, and runs each as a product would. */

export type Timed = { readonly t0: number; readonly t1: number }
/** Of the batch that makes the product's next version; `held` is what it leaves. */
export type Write = Timed & {
  readonly kind: 'write'
  readonly version: number
  readonly index: number
  readonly isLast: boolean
  readonly held: number
}
export type Read = Timed & {
  readonly kind: 'read'
  readonly version: number
  readonly held: number
}

/** A product between two operations: in the middle of a batch, nobody may look. */
type State = {
  readonly version: number
  readonly held: number
  readonly next: number
  readonly isOpen: boolean
}

/** Whether some order of all operations gives each the result that it had, and none before one that was over when it began. */
export const isLinearizable = (
  operations: readonly (Write | Read)[],
  state: State = { version: 1, held: 0, next: 0, isOpen: false },
): boolean =>
  operations.length === 0 ||
  operations.some((each) => {
    if (operations.some((other) => other.t1 < each.t0)) return false
    const after = run(each, state)
    if (!after) return false
    return isLinearizable(
      operations.filter((other) => other !== each),
      after,
    )
  })

function run(operation: Write | Read, state: State): State | null {
  const { version, held } = operation
  if (operation.kind === 'read') {
    return !state.isOpen && version === state.version && held === state.held ? state : null
  }
  const isNext = version === state.version + 1 && operation.index === state.next
  if (!isNext) return null
  return operation.isLast
    ? { version, held, next: 0, isOpen: false }
    : { version: state.version, held, next: state.next + 1, isOpen: true }
}
