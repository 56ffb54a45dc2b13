/** Sends requests, and writes down each with its two instants. */
import { kindOf, type Operation, type OperationName } from '@flashlane/checkers'
import { randomUUID } from 'node:crypto'
import { type Answer, call, type Call, type Called, isRefusedConnection } from '../stage/http.ts'

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
  /** What is to be sent in another way; `called` is told what came of it. */
  prepare(asked: Asked, request: Call): Prepared
}

export type Prepared = { readonly request: Call; called(called: Called): void }

export function createRecorder(): Recorder {
  const operations: Operation[] = []

  function prepare(asked: Asked, request: Call): Prepared {
    const { op, process, product, key = null, commandId = null } = asked
    const requestId = randomUUID()
    const headers = {
      ...request.headers,
      'x-request-id': requestId,
      ...(key === null || op === 'webhook' ? {} : { 'idempotency-key': key }),
    }
    const t0 = performance.now()
    return {
      request: { ...request, headers },
      called({ answer, error }) {
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
      },
    }
  }

  return {
    operations,
    prepare,
    async send(url, asked, request) {
      const prepared = prepare(asked, request)
      const called = await call(url, prepared.request)
      prepared.called(called)
      return called.answer
    },
  }
}
