/** Row locks: whoever comes later waits in line, for a time; a circle of waits ends with an error for who closed it. */
import type { Schedule } from '../schedule.ts'
import { deadlock, lockTimeout } from './errors.ts'

const LOCK_WAIT_MS_MAX = 2_000

type Waiter = { readonly owner: Owner; readonly grant: () => void }
type Lock = { owner: Owner; readonly waiting: Waiter[] }

export type Owner = {
  readonly locks: Map<string, Lock>
  waitsFor: Lock | null
  /** Ends a wait with an error. */
  interrupt: ((error: Error) => void) | null
}

export const createOwner = (): Owner => ({ locks: new Map(), waitsFor: null, interrupt: null })

export type Locks = {
  acquire(owner: Owner, key: string): Promise<void> | void
  isFree(owner: Owner, key: string): boolean
  release(owner: Owner): void
}

export function createLocks(schedule: Schedule): Locks {
  const locks = new Map<string, Lock>()

  function wait(lock: Lock, key: string, owner: Owner): Promise<void> {
    for (let other: Lock | null = lock; other; other = other.owner.waitsFor) {
      if (other.owner === owner) throw deadlock()
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        schedule.cancel(timer)
        owner.waitsFor = null
        owner.interrupt = null
      }
      const waiter: Waiter = {
        owner,
        grant() {
          leave()
          owner.locks.set(key, lock)
          lock.owner = owner
          resolve()
        },
      }
      const giveUp = (error: Error) => {
        leave()
        lock.waiting.splice(lock.waiting.indexOf(waiter), 1)
        reject(error)
      }
      const timer = schedule.after(LOCK_WAIT_MS_MAX, () => giveUp(lockTimeout()))
      lock.waiting.push(waiter)
      owner.waitsFor = lock
      owner.interrupt = giveUp
    })
  }

  return {
    acquire(owner, key) {
      if (owner.locks.has(key)) return undefined
      const lock = locks.get(key)
      if (lock) return wait(lock, key, owner)
      const mine: Lock = { owner, waiting: [] }
      locks.set(key, mine)
      owner.locks.set(key, mine)
      return undefined
    },
    isFree: (owner, key) => {
      const lock = locks.get(key)
      return lock === undefined || lock.owner === owner
    },
    release(owner) {
      for (const [key, lock] of owner.locks) {
        const next = lock.waiting.shift()
        if (next) next.grant()
        else locks.delete(key)
      }
      owner.locks.clear()
    },
  }
}
