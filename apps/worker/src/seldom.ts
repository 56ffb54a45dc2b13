/** A question that costs something, and that anybody may ask: put at most every so often, and once at a time. */

type Limits = {
  readonly eachMs: number
  /** Null after that, though the answer may still come: the next question waits for it. */
  readonly withinMs: number
  onFault(error: unknown): void
}

/** Never rejects: null where the answer is not known. */
export function seldom<Value>(
  ask: () => Promise<Value>,
  { eachMs, withinMs, onFault }: Limits,
): () => Promise<Value | null> {
  let askedMs = Number.NEGATIVE_INFINITY
  let isAsking = false
  let answer: Promise<Value | null> = Promise.resolve(null)

  async function put(): Promise<Value | null> {
    isAsking = true
    try {
      return await ask()
    } catch (error) {
      onFault(error)
      return null
    } finally {
      isAsking = false
    }
  }

  return () => {
    const nowMs = performance.now()
    if (isAsking || nowMs - askedMs < eachMs) return answer
    askedMs = nowMs
    answer = Promise.race([put(), nullAfter(withinMs)])
    return answer
  }
}

const nullAfter = (ms: number): Promise<null> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref()
  })
