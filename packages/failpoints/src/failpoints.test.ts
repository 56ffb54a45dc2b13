import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createFailpoints, failpointsSetting, POINTS } from './failpoints.ts'

test('several points, each at its pass', () => {
  expect(
    failpointsSetting.parse(
      'worker.beforeCommit=kill@3, api.afterEnqueue=stop,api.beforeReply=block:250',
    ),
  ).toEqual([
    { point: 'worker.beforeCommit', action: { kind: 'kill' }, nth: 3 },
    { point: 'api.afterEnqueue', action: { kind: 'stop' }, nth: 1 },
    { point: 'api.beforeReply', action: { kind: 'block', ms: 250 }, nth: 1 },
  ])
})

test.each([
  'worker.somewhere=kill',
  'worker.afterLock',
  'worker.afterLock=explode',
  'worker.afterLock=kill@0',
  'worker.afterLock=block',
  'worker.afterLock=block:60001',
  'worker.afterLock=kill,,',
])('%s is refused, with all that could have been meant', (text) => {
  const parsed = failpointsSetting.safeParse(text)

  expect(parsed.error?.issues[0]?.message).toContain(POINTS.join(', '))
})

test('nothing is there at points that nobody asked for', () => {
  expect(createFailpoints(undefined)).toEqual({})
  expect(Object.keys(createFailpoints(failpointsSetting.parse('sweeper.middle=stop')))).toEqual([
    'sweeper.middle',
  ])
})

/** Passes a point five times in a process of its own, and tells each time. */
function passes(setting: string) {
  const file = new URL('failpoints.ts', import.meta.url).href
  const code = `
    import { createFailpoints, failpointsSetting } from ${JSON.stringify(file)}
    import { writeSync } from 'node:fs'
    const failpoints = createFailpoints(failpointsSetting.parse(${JSON.stringify(setting)}))
    for (let n = 1; n <= 5; n++) {
      failpoints['worker.afterLock']?.()
      writeSync(1, 'passed ' + n + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code])
  let output = ''
  child.stdout.on('data', (data) => (output += String(data)))
  child.stderr.on('data', (data) => (output += String(data)))
  return { child, output: () => output }
}

test('kill ends the process at the very pass', async () => {
  const { child, output } = passes('worker.afterLock=kill@3')

  const [, signal] = (await once(child, 'close')) as [number | null, string | null]

  expect(signal).toBe('SIGKILL')
  expect(output()).toContain('failpoint worker.afterLock: kill')
  expect(output()).toContain('passed 2')
  expect(output()).not.toContain('passed 3')
})

test('stop freezes it there until it is continued', async () => {
  const { child, output } = passes('worker.afterLock=stop@2')
  await expect.poll(() => stateOf(child.pid), { timeout: 20_000 }).toBe('T')

  const before = output()
  child.kill('SIGCONT')
  await once(child, 'close')

  expect(before).not.toContain('passed 2')
  expect(output()).toContain('passed 5')
})

/** The letter that the kernel shows for a process: T is stopped. */
const stateOf = (pid: number | undefined): string | undefined =>
  /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]

test('block keeps everything in the process from going on for so long, once', () => {
  const failpoints = createFailpoints(failpointsSetting.parse('api.beforeReply=block:60@2'))
  const tookMs = () => {
    const sinceMs = performance.now()
    failpoints['api.beforeReply']?.()
    return performance.now() - sinceMs
  }

  const took = [tookMs(), tookMs(), tookMs()]

  expect(took.map((ms) => ms >= 60)).toEqual([false, true, false])
})
