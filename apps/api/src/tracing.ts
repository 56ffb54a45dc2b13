/**
 * One trace from a request to its command's commit. A batch carries the commands of many requests, so each command's
 * place in its trace travels beside the batch, in the job's options: a worker that does not trace does not see it.
 * Loaded only where tracing is on.
 */
import type { Command } from '@flashlane/core'
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { MiddlewareHandler } from 'hono'
import type { Dispatcher } from './dispatch/dispatcher.ts'

/** Asked for by machines, all the time. */
const PROBES = new Set(['/livez', '/readyz', '/metrics'])
const ID = /\/(?:(?:hold|ord|cmd|rfd)_[^/]+|\d+)(?=\/|$)/g

export type Tracing = ReturnType<typeof createTracing>

export function createTracing() {
  const tracer = trace.getTracer('flashlane-api')
  const parents = new WeakMap<Command, string>()

  const traceRequest: MiddlewareHandler = async (c, next) => {
    const { method, path } = c.req
    if (PROBES.has(path)) return next()
    const from = propagation.extract(context.active(), c.req.header())
    const attributes = { 'http.request.method': method, 'url.path': path }
    const name = `${method} ${path.replaceAll(ID, '/{id}')}`
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, from)
    try {
      await context.with(trace.setSpan(from, span), next)
      span.setAttribute('http.response.status_code', c.res.status)
      if (c.res.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    } finally {
      span.end()
    }
  }

  function remember(command: Command, span: Span): void {
    if (!span.isRecording()) return
    const carrier: { traceparent?: string } = {}
    propagation.inject(trace.setSpan(context.active(), span), carrier)
    if (carrier.traceparent !== undefined) parents.set(command, carrier.traceparent)
  }

  return {
    traceRequest,

    /** A span from the command's entry into the lane to whatever its client is told. */
    traceSubmit:
      (submit: Dispatcher['submit']): Dispatcher['submit'] =>
      async (command, waitMs) => {
        const { type, commandId, productId } = command
        const attributes = {
          'messaging.system': 'bullmq',
          'flashlane.command_id': commandId,
          'flashlane.product_id': productId,
        }
        const span = tracer.startSpan(type, { kind: SpanKind.PRODUCER, attributes })
        remember(command, span)
        try {
          const answer = await submit(command, waitMs)
          span.setAttribute('flashlane.answer', answer.kind)
          return answer
        } finally {
          span.end()
        }
      },

    /** Of these commands, in their order; undefined where none is traced. */
    tracesOf(commands: readonly Command[]): string | undefined {
      const traces = commands.map((command) => parents.get(command) ?? null)
      return traces.every((each) => each === null) ? undefined : JSON.stringify(traces)
    },
  }
}
