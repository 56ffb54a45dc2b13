/** A report in words: for the terminal, and as Markdown for those who were not there. */
import type { RowResult } from '../run-row.ts'
import type { Report } from './report.ts'

const ms = (value: number | null): string =>
  value === null || value === Infinity ? 'never' : `${Math.round(value)} ms`

const verdict = ({ problems }: RowResult): string =>
  problems.length === 0 ? 'ok' : `${problems.length} problems`

/** The longest, as a share of its budget. */
function recoveryOf({ recoveries }: RowResult): string {
  if (recoveries.length === 0) return ''
  const longest = recoveries.reduce((a, b) => (shareOf(a) < shareOf(b) ? b : a))
  return `${ms(longest.tookMs)} of ${longest.budgetMs} ms`
}

const shareOf = ({ tookMs, budgetMs }: RowResult['recoveries'][number]): number =>
  (tookMs ?? Infinity) / budgetMs

function headOf(report: Report): readonly string[] {
  const { seed, commit, patience, database, machine, operations, faults, recoveryMs } = report
  return [
    `seed ${seed}, commit ${commit}, ${report.at}, ${Math.round(report.tookS)} s`,
    `${database}; ${machine}; load before ${report.loadBefore.toFixed(1)}; budgets x ${patience}`,
    `${operations} operations, ${faults} faults, ${report.rows.length} rows and schedules`,
    `recovery p50 ${ms(recoveryMs.p50)}, p99 ${ms(recoveryMs.p99)}`,
  ]
}

export function summaryOf(report: Report): string {
  const rows = report.rows.map(
    (row) =>
      `${String(row.id).padStart(6)}  ${verdict(row).padEnd(12)} ${row.title} ${recoveryOf(row)}`,
  )
  const checkers = report.checkers.map(
    ({ checker, looked, violations }) =>
      `${checker.padStart(6)}  ${violations === 0 ? 'ok' : `${violations} violations`}, looked at ${looked}`,
  )
  const end = report.ok ? 'Every promise held.' : 'A promise was BROKEN.'
  return [...headOf(report), '', ...rows, '', ...checkers, '', end].join('\n')
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

export function toMarkdown(report: Report): string {
  const problems = report.rows.flatMap(({ id, seed, problems }) =>
    problems.map((problem) => `- row ${id}, seed ${seed}: ${problem.split('\n')[0]}`),
  )
  return [
    '# The last whole run',
    'Written by `npm run faults`; [what each row does](../../docs/reliability.md).',
    headOf(report)
      .map((line) => `- ${line}`)
      .join('\n'),
    table(
      ['row', 'what', 'seed', 'operations', 'verdict', 'slowest recovery'],
      report.rows.map((row) => [
        String(row.id),
        row.title,
        String(row.seed),
        String(row.operations),
        verdict(row),
        recoveryOf(row),
      ]),
    ),
    table(
      ['checker', 'shows', 'looked at', 'violations'],
      report.checkers.map(({ checker, claim, looked, violations }) => [
        checker,
        claim,
        String(looked),
        String(violations),
      ]),
    ),
    ...(problems.length > 0 ? ['## Problems', problems.join('\n')] : []),
    '',
  ].join('\n\n')
}
