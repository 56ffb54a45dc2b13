/** A command as a careful client sends it: under one key, again until its outcome is known. */
import type { OperationName } from '@flashlane/checkers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../random.ts'
import type { Answer, Call } from '../stage/http.ts'
import type { Recorder } from './recorder.ts'

export type Outcome = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

export type Ask = {
  readonly op: OperationName
  readonly process: string
  readonly product: number
  readonly key: string
  readonly request: Call
}

type Deps = {
  readonly recorder: Recorder
  readonly random: Random
  apiUrl(): string
  /** After this nobody asks again. */
  isOver(): boolean
}

const PAUSE_MS_MIN = 20
const PAUSE_MS_MAX = 200

export type Execute = (ask: Ask) => Promise<Outcome | null>

/** Null where the outcome was not to be had before the end. */
export const makeExecute =
  ({ recorder, random, apiUrl, isOver }: Deps): Execute =>
  async ({ op, process, product, key, request }) => {
    const pause = () => sleep(random.between(PAUSE_MS_MIN, PAUSE_MS_MAX))

    async function poll(commandId: string): Promise<Outcome | null> {
      while (!isOver()) {
        const path = `/api/commands/${commandId}?wait=1`
        const asked = { op: 'poll', process, product, commandId } as const
        const answer = await recorder.send(apiUrl(), asked, { path })
        if (answer?.status === 200 && answer.body['status'] === 'applied') return outcomeOf(answer)
        // Asked for again by its key: 404 may be news of a batch that went with Redis and comes again.
        if (answer?.status !== 200) return null
      }
      return null
    }

    while (!isOver()) {
      const answer = await recorder.send(apiUrl(), { op, process, product, key }, request)
      if (answer?.status === 202) {
        const polled = await poll(String(answer.body['command_id']))
        if (polled) return polled
      } else if (answer && answer.status < 500 && answer.status !== 429) {
        return { status: answer.status, body: answer.body }
      }
      await pause()
    }
    return null
  }

function outcomeOf({ body }: Answer): Outcome {
  const told = body['result'] ?? body['problem']
  return { status: Number(body['http_status']), body: told as Outcome['body'] }
}
