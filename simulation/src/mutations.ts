/** Rules that can be broken on purpose, in the adapters and never in the product: each must be found out. */
import type { FaultName } from './faults.ts'

type Broken = {
  readonly says: string
  /** What brings it to light soonest. */
  readonly faults: readonly FaultName[]
  /** How long these last; drawn without it. */
  readonly lastsMs?: readonly [number, number]
}

const LONG_MS: readonly [number, number] = [3_400, 5_000]

export const MUTATIONS = {
  'no-fence': {
    says: 'neither are the product rows locked, nor is the number of an entry unique',
    faults: ['redis unlimited', 'worker frozen'],
  },
  'answer-before-commit': {
    says: 'a batch is answered when its commit is sent, and not when it is done',
    faults: ['mysql lossy', 'mysql cut'],
  },
  'no-journal-look-up': {
    says: 'nobody looks whether a batch was applied before',
    faults: ['worker killed', 'mysql lossy'],
  },
  'upsert-without-look-up': {
    says: 'nor do the keys refuse it: rows are overwritten',
    faults: ['worker killed', 'mysql lossy'],
  },
  'honour-expired-hold': {
    says: 'an expired hold is taken for an active one',
    faults: ['worker killed'],
  },
  'expiry-by-clock': {
    says: 'what expires is judged by the clock at application, without a cutoff',
    faults: ['mysql down', 'worker frozen'],
    lastsMs: LONG_MS,
  },
  'clock-with-lock': {
    says: 'the clock is read before the lock is had',
    faults: ['redis unlimited', 'mysql slow'],
  },
  'no-enqueue-limit': {
    says: 'a command waits in its buffer for as long as it takes',
    faults: ['mysql down', 'mysql frozen'],
    lastsMs: LONG_MS,
  },
  'no-unique-reference': {
    says: 'a payment reference may belong to two orders',
    faults: [],
  },
  'retry-by-queue': {
    says: 'a batch that is put back goes to the end of its lane',
    faults: ['worker stopped', 'mysql down'],
  },
  'inbox-forgets': {
    says: 'a payment event is acknowledged before it is in the inbox',
    faults: ['redis down', 'mysql down'],
    lastsMs: LONG_MS,
  },
} as const satisfies Record<string, Broken>

export type Mutation = keyof typeof MUTATIONS

export const breaking = (mutation: Mutation): Broken => MUTATIONS[mutation]

export const isMutation = (name: string): name is Mutation => Object.hasOwn(MUTATIONS, name)
