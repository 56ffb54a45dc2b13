/** What a script tells: a line per step and, when it cannot go on, one message that says what to do. */

const STILL_AT_IT_MS = 15_000

/** Something expected that stops a script. Its message is all that is shown; anything else is a bug and shown with its stack. */
export class Problem extends Error {
  name = 'Problem'
}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** @param {number} sinceMs */
function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`
}

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const begunMs = performance.now()
  say(`- ${name} ...`)
  const timer = setInterval(() => say(`  still at it, ${seconds(begunMs)}`), STILL_AT_IT_MS)
  try {
    const result = await work()
    say(`  done in ${seconds(begunMs)}`)
    return result
  } finally {
    clearInterval(timer)
  }
}

/** @param {unknown} error */
export function complain(error) {
  const text = error instanceof Error && !(error instanceof Problem) ? error.stack : error
  process.stderr.write(`\n${text instanceof Problem ? text.message : String(text)}\n`)
}
