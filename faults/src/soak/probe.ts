/** Loaded into a process of ours with `node --import`: tells whoever asks what it takes, after it has collected its garbage. */
import { createServer } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { join } from 'node:path'

export const PROBE_VARIABLE = 'FLASHLANE_SOAK_PROBE'

export type Probed = {
  readonly heapMb: number
  /** Timers, connections and all else that is open. */
  readonly handles: number
  /** Of the event loop, since it was last asked. */
  readonly delayP99Ms: number
}

const MEGABYTE = 2 ** 20
const NANOS_A_MILLI = 1e6

export const probeOf = (folder: string, pid: number): string => join(folder, String(pid))

const folder = process.env[PROBE_VARIABLE]
if (folder !== undefined) {
  const delay = monitorEventLoopDelay()
  delay.enable()
  const server = createServer((socket) => {
    const delayP99Ms = delay.percentile(99) / NANOS_A_MILLI
    globalThis.gc?.()
    const probed: Probed = {
      heapMb: process.memoryUsage().heapUsed / MEGABYTE,
      handles: process.getActiveResourcesInfo().length,
      delayP99Ms,
    }
    // The collection just now is not its own.
    delay.reset()
    socket.on('error', () => {})
    socket.end(JSON.stringify(probed))
  })
  server.listen(probeOf(folder, process.pid)).unref()
}
