/** Once all is mended, all goes on: everybody is answered, and nothing is left lying. */
import type { History } from '../history.ts'
import type { Stage } from '../stage.ts'

type Checking = { readonly stage: Stage; readonly history: History }

/** What is left to be done, a sentence each. */
export function leftUndone({ stage, history }: Checking): readonly string[] {
  const left: string[] = []
  const blame = (sentence: string) => void left.push(sentence)
  for (const { command, isKeyed, isOver, endMs } of history.operations) {
    if (!isOver) blame(`${command.commandId} is still asked for`)
    else if (isKeyed && endMs === null) blame(`${command.commandId} was never answered`)
  }
  for (const api of stage.apis) {
    if (!api) continue
    const { waiting, inFlight } = api.dispatcher
    if (waiting() > 0) blame(`${api.process.name} lets ${waiting()} wait`)
    if (inFlight() > 0) blame(`${api.process.name} has ${inFlight()} batches in flight`)
  }
  for (const [lane, { wait, active }] of stage.redis.queues()) {
    if (wait.length + active.size > 0) blame(`${wait.length + active.size} jobs stand in ${lane}`)
  }
  const { holds, orders, events } = stage.mysql.tables
  for (const { holdId, status } of holds.rows.values()) {
    if (status === 'active') blame(`${holdId} does not expire`)
  }
  for (const { orderId, status } of orders.rows.values()) {
    if (status === 'pending') blame(`${orderId} does not expire`)
  }
  for (const { event } of events.rows.values()) {
    if (event.state !== 'done') blame(`${event.eventKey} is still ${event.state}`)
  }
  return left
}
