export * from './backlog.ts'
export * from './connect.ts'
export * from './dead-letters.ts'
export * from './due.ts'
export * from './errors.ts'
export {
  entryOf,
  type Numbered,
  outcomesOf,
  parseEntry,
  type RecordedChange,
  type RecordedCommand,
} from './journal.ts'
export * from './migrate.ts'
export * from './operator-actions.ts'
export { namedBy } from './named.ts'
export * from './operators.ts'
export * from './orphans.ts'
export * from './pace.ts'
export * from './payment-events.ts'
export * from './pool-use.ts'
export * from './products.ts'
export * from './queries.ts'
export type { ProductTerms } from './rows.ts'
export { outcomeRowsOf } from './save.ts'
export type { DeadLetterRow, JournalRow, Schema } from './schema.ts'
export * from './settings.ts'
export * from './sleepers.ts'
export * from './snapshot.ts'
export * from './store.ts'
export * from './variables.ts'
