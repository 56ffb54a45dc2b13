/** What the checks say, and what the search has come by. */

export function claim(condition: boolean, message: string, facts: unknown = {}): void {
  if (!condition) throw new Error(`${message}: ${JSON.stringify(facts)}`)
}

export const seen = new Map<string, number>()
export const see = (what: string): void => {
  seen.set(what, (seen.get(what) ?? 0) + 1)
}
