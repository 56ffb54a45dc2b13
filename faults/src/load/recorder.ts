/** Sends requests, and writes down each with its two instants. */
import { kindOf, type Operation, type OperationName } from '@flashlane/checkers'
import { randomUUID } from 'node:crypto'
import { type Answer, call, type Call, isRefusedConnection } from '../stage/http.ts'

export type Asked = {
  readonly op: OperationName
  readonly process: string
  readonly product: number | null
  readonly key?: string
  /** Of a poll: whose outcome is asked for. */
  readonly commandId?: string
}

export type Recorder = {
  readonly operations: readonly Operation[]
  /** Null where no answer came. */
  send(url: string, asked: Asked, request: Call): Promise<Answer | null>
}

export function createRecorder(): Recorder {
  const operations: Operation[] = []
  return {
    operations,
    async send(url, asked, request) {
      const { op, process, product, key = null, commandId = null } = asked
      const requestId = randomUUID()
      const headers = {
        ...request.headers,
        'x-request-id': requestId,
        ...(key === null || op === 'webhook' ? {} : { 'idempotency-key': key }),
      }
      const t0 = performance.now()
      const { answer, error } = await call(url, { ...request, headers })
      const result = answer?.body ?? null
      const told = result?.['command_id']
      operations.push({
        op,
        process,
        product,
        requestId,
        key,
        commandId: commandId ?? (typeof told === 'string' ? told : null),
        body: request.body ?? null,
        t0,
        t1: performance.now(),
        kind: answer
          ? kindOf({ op, status: answer.status, result })
          : isRefusedConnection(error)
            ? 'fail'
            : 'info',
        status: answer?.status ?? null,
        result,
      })
      return answer
    },
  }
}
