/** The metrics of a process: Node's own, and gauges that are read when somebody looks. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

type Described = { readonly name: string; readonly help: string }

/** Event loop, memory, garbage collection, open files. */
export const addNodeMetrics = (registry: Registry): void =>
  collectDefaultMetrics({ register: registry })

/** A gauge that asks `read` at each scrape. No sample where that is not known. */
export function addGauge(
  registry: Registry,
  { name, help }: Described,
  read: () => number | null,
): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.remove()
        const value = read()
        if (value !== null) this.set(value)
      },
    }),
  )
}
