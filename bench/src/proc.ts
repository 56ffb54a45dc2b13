/** What Linux tells of a process: its memory, and the time it had on the processors. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const TICKS_A_SECOND = 100
const MICROS_A_SECOND = 1_000_000
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

type Process = { readonly name: string; readonly pid: number }

export type ProcessorUs = Readonly<Record<string, number>>

/** What each process has of the processors from now on, of each of `count` pieces of work, in microseconds. */
export function startMeter(processes: readonly Process[]): (count: number) => ProcessorUs {
  const before = processes.map(({ pid }) => cpuSeconds(pid))
  return (count) =>
    Object.fromEntries(
      processes.map(({ name, pid }, n) => [
        name,
        ((cpuSeconds(pid) - (before[n] ?? 0)) * MICROS_A_SECOND) / count,
      ]),
    )
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

const LISTENS = '0A'

/** The process on this machine that listens on a TCP port of 127.0.0.1; null where none does, or it is not ours to ask. */
export function listenerOn(port: number): number | null {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const inode = sockets.find((fields) => fields[1] === address && fields[3] === LISTENS)?.[9]
  if (inode === undefined) return null
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.find((pid) => linksOf(pid).includes(`socket:[${inode}]`)) ?? null
}

/** What a process has open: nothing where it has ended, or belongs to somebody else. */
const linksOf = (pid: number): string[] => {
  const folder = `/proc/${pid}/fd`
  return (ifThere(() => readdirSync(folder)) ?? []).flatMap(
    (fd) => ifThere(() => readlinkSync(`${folder}/${fd}`)) ?? [],
  )
}

/** Processes and what they have open go while one looks. */
function ifThere<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
