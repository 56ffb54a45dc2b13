/** The report as Markdown, for those who were not there. */
import type { ChartName } from './charts.ts'
import { HEAD, memoryRows, rowOf } from './rows.ts'
import { remarks, type Report } from './report.ts'
import { settingLines } from './settings.ts'

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

export function toMarkdown(report: Report, charts: readonly ChartName[]): string {
  const { sections } = report
  const said = sections.flatMap(({ title, notes, faults }) => [
    ...notes.map((note) => `- ${title}: ${note}.`),
    ...faults.map((fault) => `- **Wrong.** ${title}: ${fault}`),
  ])
  return [
    '# Results',
    'Written by `npm run bench`; [what each row means](../README.md).',
    table(
      HEAD,
      sections.flatMap(({ claims }) => claims.map(rowOf)),
    ),
    ...charts.map((name) => `![${name}](${name}.svg)`),
    '## Memory',
    table(['scenario', 'process', 'most', 'bar', 'verdict'], memoryRows(sections)),
    '## How it was measured',
    [...settingLines(report), ...remarks(report)].map((line) => `- ${line}`).join('\n'),
    ...(said.length > 0 ? [said.join('\n')] : []),
    '',
  ].join('\n\n')
}
