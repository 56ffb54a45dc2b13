/** Tracing by OpenTelemetry: off, and not even loaded, unless the standard variables ask for it. */

/** A collector that does not answer keeps no process from its end. */
const FLUSH_MS_MAX = 2_000

/** As OpenTelemetry has it: an exporter is named, or where to send to; and nothing says no. */
export function isTracingWanted(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false
  const exporter = env['OTEL_TRACES_EXPORTER']
  if (exporter) return exporter !== 'none'
  return Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
}

/** Gives what sends the last spans. The SDK reads all other `OTEL_...` variables itself. */
export async function startTracing(service: string): Promise<() => Promise<void>> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const sdk = new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] || service,
    // Metrics are Prometheus's, and logs are written.
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  return async () => {
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, FLUSH_MS_MAX).unref()
    })
    await Promise.race([sdk.shutdown().catch(() => {}), late])
  }
}
