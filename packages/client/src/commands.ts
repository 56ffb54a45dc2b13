/** Sends commands, and finds out what became of those that were answered 202. */
import { FlashlaneError, StillQueuedError } from './errors.ts'
import type { CommandApplied, CommandQueued, QueuedAnswer } from './schemas.ts'
import { type Call, type CallOptions, type Reply, retryAfterMsOf, type Send } from './send.ts'
import { pause } from './time-limit.ts'

export type AwaitOptions = CallOptions & {
  /** How long to wait for the outcome, in all. */
  readonly outcomeMs?: number
}

export type CommandOptions = AwaitOptions & {
  /** What makes a repeat a repeat: 1 to 255 bytes of UTF-8. One is made if none is given. */
  readonly idempotencyKey?: string
  /** `false`: answered as soon as it is queued. */
  readonly wait?: boolean
}

type Id = 'hold_id' | 'order_id' | 'product_id'

/** A command that was taken. It names what it will make or change, so that one can go on before it is applied. */
export type Queued<Result, Named extends Id = never> = Partial<
  Pick<QueuedAnswer, Exclude<keyof QueuedAnswer, Named | 'status'>>
> &
  Required<Pick<QueuedAnswer, Named>> & {
    readonly idempotencyKey: string
    /** What became of it: the result, or a `FlashlaneError`. */
    outcome(options?: AwaitOptions): Promise<Result>
  }

/** A call of a command: awaited, or queued with `wait: false`. */
export type CommandCall<Args extends readonly unknown[], Result, Named extends Id = never> = {
  (...args: [...Args, options: CommandOptions & { wait: false }]): Promise<Queued<Result, Named>>
  (...args: [...Args, options?: CommandOptions & { wait?: true }]): Promise<Result>
}

/** How long the api is asked to wait for an outcome at a time. */
const POLL_S_MAX = 20
/** For an api that does not wait, and does not say when to come again. */
const POLL_PAUSE_MS = 500
/** Redis lost it, and lost it again. */
const RESENDS_MAX = 3

type Deps = { readonly send: Send; readonly timeoutMs: number; readonly outcomeMs: number }

export type Commands = ReturnType<typeof makeCommands>

export function makeCommands({ send, timeoutMs: usualMs, outcomeMs: usualOutcomeMs }: Deps) {
  async function awaitCommand(
    commandId: string,
    { outcomeMs = usualOutcomeMs, timeoutMs = usualMs, signal }: AwaitOptions = {},
  ): Promise<CommandApplied> {
    const endMs = performance.now() + outcomeMs
    const path = `/api/commands/${encodeURIComponent(commandId)}`
    for (;;) {
      const askedMs = performance.now()
      const waitS = Math.max(0, Math.min(POLL_S_MAX, Math.ceil((endMs - askedMs) / 1_000)))
      const { body, headers } = await send(
        { method: 'GET', path, query: { wait: waitS } },
        { timeoutMs: timeoutMs + waitS * 1_000, ...(signal && { signal }) },
      )
      const command = body as CommandQueued | CommandApplied
      if (command.status === 'applied') return command
      const nowMs = performance.now()
      if (nowMs >= endMs) throw new StillQueuedError(commandId)
      const hasWaited = nowMs - askedMs >= waitS * 1_000
      const restMs = hasWaited ? 0 : (retryAfterMsOf(headers) ?? POLL_PAUSE_MS)
      await pause(Math.min(restMs, endMs - nowMs), signal)
    }
  }

  /** As the reply would have been, had it waited. */
  async function outcomeOf(call: Call, reply: Reply, options: AwaitOptions): Promise<unknown> {
    let answer = reply
    for (let resends = 0; answer.status === 202; resends++) {
      const { command_id: commandId } = answer.body as QueuedAnswer
      try {
        const { result, problem } = await awaitCommand(commandId, options)
        if (problem) {
          throw new FlashlaneError(problem, { idempotencyKey: call.idempotencyKey ?? null })
        }
        return result
      } catch (error) {
        const isLost = error instanceof FlashlaneError && error.code === 'command_unknown'
        if (!isLost || resends >= RESENDS_MAX) throw error
        // Under its key it is the same command, if it was applied after all.
        answer = await send(call, options)
      }
    }
    return answer.body
  }

  async function execute(
    unkeyed: Call,
    { wait = true, idempotencyKey = crypto.randomUUID(), ...options }: CommandOptions = {},
  ): Promise<unknown> {
    const call = { ...unkeyed, idempotencyKey }
    if (wait) return outcomeOf(call, await send(call, options), options)
    const reply = await send({ ...call, headers: { ...call.headers, ...ASYNC } }, options)
    return {
      ...named(reply.body as Partial<QueuedAnswer>),
      idempotencyKey,
      outcome: (more: AwaitOptions = {}) => outcomeOf(call, reply, { ...options, ...more }),
    }
  }

  return { awaitCommand, execute }
}

const ASYNC = { prefer: 'respond-async' }

const NAMES = ['command_id', 'hold_id', 'order_id', 'product_id', 'position', 'eta_ms'] as const

/** Of a 202, or of the outcome, if that was there first. */
function named(body: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    NAMES.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])),
  )
}
