/** The server that every peer stands on: Flashlane's own HTTP server, one route, and an end when told. */
import { startServer } from '@flashlane/api/server.ts'
import { Hono } from 'hono'
import { answerPlaced, type Placed, problem } from './answer.ts'
import { type HoldRequest, readHoldRequest } from './hold-request.ts'

type Peer = {
  place(request: HoldRequest): Placed | Promise<Placed>
  /** Further routes, if there are any. */
  addRoutes?(app: Hono): void
  close?(): Promise<void>
}

export async function serve({ place, addRoutes, close }: Peer): Promise<void> {
  const app = new Hono()
  app.get('/livez', (c) => c.json({ ok: true }))
  app.post('/api/holds', async (c) => {
    const request = await readHoldRequest(c)
    if (!request) return problem(422, 'validation')
    return answerPlaced(await place(request))
  })
  addRoutes?.(app)
  app.onError((error) => {
    console.error(error)
    return problem(503, 'unavailable')
  })

  const server = await startServer(app, {
    host: '127.0.0.1',
    port: Number(process.env['PORT']),
  })
  process.once('SIGTERM', () => {
    server.stopListening()
    server.closeAll()
    void server.closed.then(close).then(() => process.exit(0))
  })
}

/** A setting that the bench gives. */
export function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set`)
  return value
}
