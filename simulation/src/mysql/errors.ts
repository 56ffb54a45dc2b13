/** The errors of MySQL, as its driver gives them: the product judges them by number. */
import { Disconnected } from '../wire.ts'

const ofServer = (errno: number, sqlState: string, message: string): Error =>
  Object.assign(new Error(message), { errno, sqlState })

const DEADLOCK = 1_213

export const lockTimeout = (): Error => ofServer(1_205, 'HY000', 'lock wait timeout')
export const deadlock = (): Error => ofServer(DEADLOCK, '40001', 'deadlock')
export const isDeadlock = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && error.errno === DEADLOCK
export const duplicateKey = (key: string): Error =>
  ofServer(1_062, '23000', `duplicate entry ${key}`)
export const checkFailed = (what: string): Error => ofServer(4_025, '23000', `check ${what}`)

/** What has no SQL state came from the network. */
export const connectionLost = (cause?: unknown): Error =>
  Object.assign(new Error('connection lost', { cause }), {
    code: 'PROTOCOL_CONNECTION_LOST',
    fatal: true,
  })
export const silence = (): Error =>
  Object.assign(new Error('no answer in time'), {
    code: 'PROTOCOL_SEQUENCE_TIMEOUT',
    fatal: true,
  })

/** As the driver says it. */
export const asDriver = (error: unknown): unknown =>
  error instanceof Disconnected ? connectionLost(error) : error
