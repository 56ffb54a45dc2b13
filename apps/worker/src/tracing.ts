/**
 * The worker's part of a trace. A batch has one span, with a link to each command that it carries; each command has one in
 * the trace of its own request, from the batch in hand to the commit. Loaded only where tracing is on.
 */
import {
  type Context,
  context,
  createContextKey,
  type Link,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { Job } from 'bullmq'
import { z } from 'zod'
import type { Applied } from './apply.ts'

type InWork = { readonly span: Span; readonly startMs: number; readonly parents: readonly Parent[] }
/** Where a command stands in its trace; null where that is not traced. */
type Parent = Context | null

export type TraceJob = (lane: string, job: Job<unknown>, work: () => Promise<void>) => Promise<void>

const traces = z.array(z.string().nullable())

export function createTracing(): { traceJob: TraceJob; applied(applied: Applied): void } {
  const tracer = trace.getTracer('flashlane-worker')
  const IN_WORK = createContextKey('batch in work')

  function begin(lane: string, job: Job<unknown>, parents: readonly Parent[]): Span {
    const attributes = {
      'messaging.system': 'bullmq',
      'messaging.operation.type': 'process',
      'messaging.destination.name': lane,
      'messaging.message.id': job.id ?? '',
      'messaging.batch.message_count': parents.length,
    }
    // Beneath the first, so that it is sampled where one of its commands is.
    const first = parents.find((parent) => parent !== null) ?? context.active()
    const options = { kind: SpanKind.CONSUMER, attributes, links: parents.flatMap(linkTo) }
    return tracer.startSpan(`process ${lane}`, options, first)
  }

  return {
    async traceJob(lane, job, work) {
      const parents = parentsOf(job)
      if (parents.length === 0) return work()
      const span = begin(lane, job, parents)
      const inWork: InWork = { span, startMs: Date.now(), parents }
      try {
        await context.with(trace.setSpan(context.active(), span).setValue(IN_WORK, inWork), work)
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
        throw error
      } finally {
        span.end()
      }
    },

    /** Called when the batch in work is committed. */
    applied({ decided, nowMs }) {
      const inWork = context.active().getValue(IN_WORK) as InWork | undefined
      if (!inWork) return
      const { span, startMs, parents } = inWork
      span.addEvent('committed')
      if (nowMs === null) span.setAttribute('flashlane.redelivered', true)
      const links = [{ context: span.spanContext() }]
      for (const [n, { command, outcome }] of decided.entries()) {
        const parent = parents[n]
        if (!parent) continue
        const attributes = {
          'flashlane.outcome': outcome.outcome,
          ...(outcome.outcome === 'refused' ? { 'flashlane.reason': outcome.reason } : {}),
          'flashlane.version': outcome.version,
        }
        tracer
          .startSpan(`apply ${command.type}`, { startTime: startMs, attributes, links }, parent)
          .end()
      }
    },
  }
}

function parentsOf({ opts }: Job<unknown>): readonly Parent[] {
  const metadata = opts.telemetry?.metadata
  if (metadata === undefined) return []
  try {
    return traces
      .parse(JSON.parse(metadata))
      .map((traceparent) =>
        traceparent === null ? null : propagation.extract(context.active(), { traceparent }),
      )
  } catch {
    // Somebody else's telemetry: none of ours.
    return []
  }
}

function linkTo(parent: Parent): readonly Link[] {
  const spanContext = parent && trace.getSpanContext(parent)
  return spanContext ? [{ context: spanContext }] : []
}
