/** What everything takes just now. */
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import type { Process } from '../../../tests/support/process.ts'
import type { Stage } from '../stage/stage.ts'
import { type Probed, probeOf } from './probe.ts'

/** By name, with its unit. */
export type Measured = Readonly<Record<string, number>>

const KILOBYTES_A_MEGABYTE = 1_024
const MEGABYTE = 2 ** 20

export async function measure(stage: Stage, folder: string): Promise<Measured> {
  const measured: Record<string, number> = {}
  for (const [name, each] of named(stage)) {
    const { heapMb, handles, delayP99Ms } = await ask(folder, each)
    measured[`${name}, heap, MB`] = heapMb
    measured[`${name}, handles`] = handles
    measured[`${name}, event loop p99, ms`] = delayP99Ms
  }
  return { ...measured, ...(await measureFromOutside(stage)) }
}

/** What processes without a probe show, too. */
export async function measureFromOutside(stage: Stage): Promise<Measured> {
  const measured: Record<string, number> = {}
  for (const [name, { pid }] of named(stage)) {
    measured[`${name}, memory, MB`] = residentMb(pid)
    measured[`${name}, open files`] = readdirSync(`/proc/${pid}/fd`).length
  }
  measured['Redis, keys'] = await stage.redisClient.dbsize()
  measured['Redis, memory, MB'] = (await redisBytes(stage)) / MEGABYTE
  measured['MySQL, threads'] = await mysqlThreads(stage)
  return measured
}

const named = ({ apis, workers }: Stage) => [
  ...apis.map((each, n) => [`api ${n + 1}`, each] as const),
  ...workers.map((each, n) => [`worker ${n + 1}`, each] as const),
]

async function ask(folder: string, { pid }: Process): Promise<Probed> {
  return JSON.parse(await text(connect(probeOf(folder, pid)))) as Probed
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / KILOBYTES_A_MEGABYTE
}

export async function redisBytes({ redisClient }: Stage): Promise<number> {
  const memory = await redisClient.info('memory')
  return Number(/^used_memory:(\d+)/m.exec(memory)?.[1])
}

/** Those of our own database: the server may have others. */
async function mysqlThreads({ database }: Stage): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from information_schema.processlist where db = database()
  `.execute(database.db)
  return Number(rows[0]?.n)
}
