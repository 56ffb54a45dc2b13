/** The command line itself is wrong: nothing was asked of anybody. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
