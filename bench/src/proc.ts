/** What Linux tells of a process: its memory, and the time it had on the processors. */
import { readFileSync } from 'node:fs'

const TICKS_A_SECOND = 100
const KILOBYTES_A_MEGABYTE = 1_024

/** The most memory that the process ever had at once. */
export const maxMemoryMb = (pid: number): number => statusMb(pid, 'VmHWM')

export const memoryMb = (pid: number): number => statusMb(pid, 'VmRSS')

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold blanks: after it the fields are counted from the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

/** Time that the machine had for others, of all its time so far: on a virtual one, what the host gave away. */
export function stolenSeconds(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
  return Number(fields[7] ?? 0) / TICKS_A_SECOND
}

function statusMb(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  return Math.round(kilobytes / KILOBYTES_A_MEGABYTE)
}
