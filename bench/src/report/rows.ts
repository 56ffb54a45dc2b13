/** Claims as the rows of a table, in words. */
import type { Judged, Unit } from '../claim.ts'
import type { Memory } from '../section.ts'

export const HEAD = ['', 'what', 'figure', 'ceiling', 'peer', 'ratio', 'bar', 'spread', 'verdict']

export function rowOf(claim: Judged): string[] {
  const { other, otherFigure, unit } = claim
  const beside = (kind: 'ceiling' | 'peer') =>
    other?.kind === kind && otherFigure !== null
      ? `${formatFigure(otherFigure, unit)} ${other.name}`
      : ''
  return [
    claim.scenario,
    claim.what,
    formatFigure(claim.figure, unit),
    beside('ceiling'),
    beside('peer'),
    other === null ? '' : formatRatio(claim.ratio),
    formatBar(claim),
    claim.spread === null ? 'one round' : `${Math.round(claim.spread * 100)} %`,
    claim.verdict,
  ]
}

/** Of each process of a scenario, the most that it ever took. */
export function memoryRows(
  sections: readonly { readonly title: string; readonly memory: readonly Memory[] }[],
): string[][] {
  return sections.flatMap(({ title, memory }) => {
    const most = new Map<string, Memory>()
    for (const each of memory)
      if (each.mb > (most.get(each.process)?.mb ?? 0)) most.set(each.process, each)
    return [...most.values()].map(({ process, mb, mbMax }) => [
      title,
      process,
      `${mb} MB`,
      mbMax === null ? '' : `<= ${mbMax} MB`,
      mbMax === null ? '' : mb <= mbMax ? 'pass' : 'short',
    ])
  })
}

export function formatFigure(value: number, unit: Unit): string {
  switch (unit) {
    case '/s':
      return `${Math.round(value).toLocaleString('en')}/s`
    case 'ms':
      return `${value.toFixed(2)} ms`
    case 'MB':
      return `${Math.round(value)} MB`
    case '% of a core':
      return `${value.toFixed(1)} % of a core`
  }
}

const formatRatio = (ratio: number): string => (ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(1))

function formatBar({ bar, other, unit }: Judged): string {
  const [sign, limit] = 'atLeast' in bar ? ['>=', bar.atLeast] : ['<=', bar.atMost]
  return `${sign} ${other === null ? formatFigure(limit, unit) : `${limit} x`}`
}
