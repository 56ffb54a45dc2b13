/** The product's log, into the trace: what it warns of is part of what happened. */
import type { Logger } from '@flashlane/log'
import type { Trace } from './trace.ts'

export function createTraceLog(trace: Trace, who: string): Logger {
  const say =
    (level: string) =>
    (facts: { readonly err?: unknown }, what?: string): void => {
      const error =
        facts.err === undefined
          ? ''
          : ` (${facts.err instanceof Error ? facts.err.message : 'no error'})`
      trace.add(who, `${level}: ${what ?? ''}${error}`)
    }
  const silent = (): void => {}
  const log = { debug: silent, info: silent, warn: say('warn'), error: say('error') }
  return log as unknown as Logger
}
