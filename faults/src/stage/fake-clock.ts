/** Clocks that are wrong: libfaketime stands between a process and the machine's. Monotonic time stays as it is. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFaketime } from '../../../scripts/faketime.mjs'
import type { Env } from './stage.ts'

/** How long a process goes on by the offset that it has read. */
const CACHE_S = 1
const S = 1_000

function findLibrary(): string {
  const found = findFaketime()
  if (found) return found
  throw new Error('There is no libfaketime here: install the package libfaketime.')
}

const common = () => ({
  LD_PRELOAD: findLibrary(),
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  FAKETIME_CACHE_DURATION: String(CACHE_S),
})

/** For a process that is wrong by so much from its start. */
export const wrongBy = (offsetMs: number): Env => ({
  ...common(),
  FAKETIME: formatOffset(offsetMs),
})

export type FakeClock = {
  /** For the process whose clock it is; right until it is set. */
  env(): Env
  /** Returns when the process goes by it. */
  set(offsetMs: number): Promise<void>
}

export function createFakeClock(name: string): FakeClock {
  const file = join(tmpdir(), `flashlane-clock-${name}-${process.pid}`)
  const write = (offsetMs: number) => writeFileSync(file, `${formatOffset(offsetMs)}\n`)
  return {
    env() {
      write(0)
      return { ...common(), FAKETIME_TIMESTAMP_FILE: file }
    },
    async set(offsetMs) {
      write(offsetMs)
      await sleep((CACHE_S + 1) * S)
    },
  }
}

const formatOffset = (offsetMs: number): string =>
  `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / S}`
