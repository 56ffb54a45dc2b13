/** A state that tells when something writes to it that must not. */
import type { State } from '../state.ts'

/** Its values are frozen, and it can be locked: deciding changes neither. */
class LockableMap<Key, Value> extends Map<Key, Value> {
  isLocked = false
  override set(key: Key, value: Value): this {
    if (this.isLocked) throw new Error('the state was written to while it was locked')
    return super.set(key, deepFreeze(value))
  }
  override delete(key: Key): boolean {
    if (this.isLocked) throw new Error('the state was written to while it was locked')
    return super.delete(key)
  }
}

type Lockable<Kind> = Kind extends Map<infer Key, infer Value> ? LockableMap<Key, Value> : never

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const each of Object.values(value)) deepFreeze(each)
  return value
}

export function makeLockableState() {
  const state: { [Name in keyof State]: Lockable<State[Name]> } = {
    products: new LockableMap(),
    holds: new LockableMap(),
    orders: new LockableMap(),
    events: new LockableMap(),
    refunds: new LockableMap(),
    referenceOwners: new LockableMap(),
    refundedReferences: new LockableMap(),
    outcomes: new LockableMap(),
    due: new LockableMap(),
    customers: new LockableMap(),
  }
  return {
    state,
    whileLocked: <Value>(work: () => Value): Value => {
      for (const map of Object.values(state)) map.isLocked = true
      try {
        return work()
      } finally {
        for (const map of Object.values(state)) map.isLocked = false
      }
    },
  }
}
