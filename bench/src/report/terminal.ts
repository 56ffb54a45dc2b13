/** The report on a terminal. */
import Table from 'cli-table3'
import { memoryRows, HEAD, rowOf } from './rows.ts'
import { settingLines } from './settings.ts'
import { remarks, type Report } from './report.ts'

const plain = { style: { head: [], border: [] } }

export function printReport(report: Report, say: (line: string) => void): void {
  const claims = new Table({ ...plain, head: HEAD })
  for (const { claims: judged } of report.sections) claims.push(...judged.map(rowOf))
  const memory = new Table({ ...plain, head: ['memory', 'process', 'most', 'bar', 'verdict'] })
  memory.push(...memoryRows(report.sections))
  say('')
  for (const line of settingLines(report)) say(line)
  say(`\n${claims.toString()}\n`)
  say(`${memory.toString()}\n`)
  for (const { title, notes, faults } of report.sections) {
    for (const note of notes) say(`${title}: ${note}.`)
    for (const fault of faults) say(`WRONG  ${title}: ${fault}`)
  }
  for (const remark of remarks(report)) say(remark)
}
