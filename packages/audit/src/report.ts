/** A report as text, for whoever started the command. */
import type { Place, Report } from './findings.ts'

export function formatReport({ ok, checkers, violations }: Report<string>): string {
  const lines = checkers.flatMap(({ checker, claim, looked, violations: count }) => {
    const counts = Object.entries(looked).map(([what, n]) => `${n} ${what}`)
    const verdict = count === 0 ? 'ok' : `${count} violations`
    const shown = violations.filter((each) => each.checker === checker)
    const more = count > shown.length ? [`     and ${count - shown.length} more`] : []
    return [
      `${checker}  ${claim}: ${verdict}`,
      `     looked at ${counts.length === 0 ? 'nothing' : counts.join(', ')}`,
      ...shown.map((each) => `   ! ${placeOf(each)}: ${each.sentence}`),
      ...more,
    ]
  })
  return [...lines, '', ok ? 'The books are right.' : 'The books are WRONG.'].join('\n')
}

function placeOf({ productId, seq, index }: Place): string {
  if (productId === null) return 'no product'
  const entry = seq === null ? '' : `, seq ${seq}`
  return `product ${productId}${entry}${index === null ? '' : `, index ${index}`}`
}
