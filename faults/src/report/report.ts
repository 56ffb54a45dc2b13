/** What a run tells: what was broken, what was checked, and how soon all went on. */
import { CHECKERS, type Checker } from '@flashlane/checkers'
import { connect } from '@flashlane/db'
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { sql } from 'kysely'
import type { RowResult } from '../run-row.ts'
import { percentile } from './percentile.ts'

export type Tally = {
  readonly checker: Checker
  readonly claim: string
  readonly looked: number
  readonly violations: number
}

export type Report = {
  readonly at: string
  readonly tookS: number
  readonly seed: number
  readonly commit: string
  readonly patience: number
  readonly machine: string
  readonly database: string
  /** Of the minute before: what else ran. */
  readonly loadBefore: number
  readonly ok: boolean
  readonly operations: number
  readonly faults: number
  readonly recoveryMs: { readonly p50: number | null; readonly p99: number | null }
  readonly checkers: readonly Tally[]
  readonly rows: readonly RowResult[]
}

type Head = { readonly seed: number; readonly patience: number; readonly mysqlUrl: string }

export async function openReport({ seed, patience, mysqlUrl }: Head) {
  const startMs = performance.now()
  const database = await versionOf(mysqlUrl)
  const loadBefore = loadavg()[0] ?? 0
  const rows: RowResult[] = []
  return {
    add: (row: RowResult) => void rows.push(row),
    finish(): Report {
      const recoveries = rows.flatMap((row) =>
        row.recoveries.map(({ tookMs }) => tookMs ?? Infinity),
      )
      return {
        at: new Date().toISOString(),
        tookS: (performance.now() - startMs) / 1_000,
        seed,
        commit: commitOf(),
        patience,
        machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
        database,
        loadBefore,
        ok: rows.every(({ problems }) => problems.length === 0),
        operations: rows.reduce((sum, row) => sum + row.operations, 0),
        faults: rows.reduce((sum, row) => sum + row.faults.length, 0),
        recoveryMs: { p50: percentile(recoveries, 0.5), p99: percentile(recoveries, 0.99) },
        checkers: tallyOf(rows),
        rows,
      }
    },
  }
}

function tallyOf(rows: readonly RowResult[]): readonly Tally[] {
  return (Object.keys(CHECKERS) as Checker[]).map((checker) => {
    const told = rows.flatMap(
      (row) => row.report?.checkers.filter((each) => each.checker === checker) ?? [],
    )
    const counts = told.flatMap(({ looked }) => Object.values(looked))
    return {
      checker,
      claim: CHECKERS[checker],
      looked: counts.reduce((sum, count) => sum + count, 0),
      violations: told.reduce((sum, { violations }) => sum + violations, 0),
    }
  })
}

async function versionOf(url: string): Promise<string> {
  const database = connect({ url, poolSize: 1, multipleStatements: false })
  const { rows } = await sql<{ version: string }>`select version() as version`.execute(database.db)
  await database.close()
  return rows[0]?.version ?? 'unknown'
}

function commitOf(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' and changes' : ''}`
  } catch {
    return 'unknown'
  }
}
