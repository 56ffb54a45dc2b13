/** What clients were told since an api process began, by command and kind of answer: from its metrics. */

/** `PlaceHold applied` -> how often. */
export type Answers = ReadonlyMap<string, number>

const LINE = /^flash_api_answer_seconds_count\{(.*)\} (\d+)$/gm

export function answersIn(metrics: string): Answers {
  const answers = new Map<string, number>()
  for (const [, labels = '', value] of metrics.matchAll(LINE)) {
    const name = `${labelOf(labels, 'command')} ${labelOf(labels, 'answer')}`
    answers.set(name, (answers.get(name) ?? 0) + Number(value))
  }
  return answers
}

const labelOf = (labels: string, name: string): string =>
  new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '?'
