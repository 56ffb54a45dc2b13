/** What a process answers when it is asked whether it is ready. */

const CHECK_MS_MAX = 1_000

export type Check = 'ok' | 'failed'

/** Failed too where the answer takes longer than whoever asks would wait. Never rejects. */
export async function check(holds: Promise<boolean>): Promise<Check> {
  const tooLate = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), CHECK_MS_MAX).unref()
  })
  const passed = await Promise.race([holds.catch(() => false), tooLate])
  return passed ? 'ok' : 'failed'
}
