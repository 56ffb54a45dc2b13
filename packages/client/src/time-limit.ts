/** How long something may take, and waiting that can be called off. */

export type TimeLimit = {
  /** Aborted when the time is over, or with the caller's own. */
  readonly signal: AbortSignal
  /** Begins anew. */
  restart(ms: number): void
  /** Ends what still runs, and leaves nothing behind. */
  end(): void
}

export function startTimeLimit(ms: number, caller?: AbortSignal): TimeLimit {
  const controller = new AbortController()
  const over = (ms: number) => () =>
    controller.abort(new DOMException(`nothing came within ${ms} ms`, 'TimeoutError'))
  const abort = () => controller.abort(caller?.reason)
  let timer = setTimeout(over(ms), ms)
  caller?.addEventListener('abort', abort, { once: true })
  if (caller?.aborted) abort()
  return {
    signal: controller.signal,
    restart(ms) {
      clearTimeout(timer)
      timer = setTimeout(over(ms), ms)
    },
    end() {
      clearTimeout(timer)
      caller?.removeEventListener('abort', abort)
      controller.abort()
    },
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
