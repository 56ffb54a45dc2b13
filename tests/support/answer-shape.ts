/**
 * What is left of an answer when everything is taken away that another run gives otherwise. Ids become numbers in the
 * order in which they come up, so that what names the same thing still has to name the same thing.
 */
type Rule = readonly [pattern: RegExp, shape: string]

const RULES: readonly Rule[] = [
  // Where a command stands is known, or not, and it may have been applied before anybody asks.
  [/,"(position|eta_ms)":\d+/g, ''],
  [/event: queued\ndata: .*\n\n/g, ''],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>'],
  [/"(version|age_ms|expires_in_seconds)":\d+(\.\d+)?/g, '"$1":<n>'],
  [/"batches_per_second":[\d.]+/g, '"batches_per_second":<any>'],
  // A lane as it is just now: the worker may still be about the batch that was answered.
  [/"(last_seq|depth|batches_\w+|oldest_age_ms)":(\d+|null)/g, '"$1":<n>'],
  [/"(head|owner)":(null|"[^"]*")/g, '"$1":<any>'],
  [/^(id|retry): \d+$/gm, '$1: <n>'],
  [/^etag: "\d+/gim, 'etag: "<n>'],
  [/"request_id":"[0-9a-f]{12}-[0-9a-z]+"/g, '"request_id":"<made>"'],
  [/^(x-request-id): [0-9a-f]{12}-[0-9a-z]+$/gim, '$1: <made>'],
]

const ID = /(?<![0-9a-z])[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])/g

export function makeShapeOf(): (answer: string) => string {
  const ids = new Map<string, string>()

  function numbered(id: string): string {
    const number = ids.get(id) ?? `<id ${ids.size + 1}>`
    ids.set(id, number)
    return number
  }

  return (answer) =>
    RULES.reduce((text, [pattern, shape]) => text.replaceAll(pattern, shape), answer).replaceAll(
      ID,
      numbered,
    )
}
