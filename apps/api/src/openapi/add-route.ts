/** The one way by which a route comes to be: what answers it, and what the document says of it. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { BlankEnv } from 'hono/types'
import type { Definition } from './operation.ts'

/** Hono, and the list of what its routes say of themselves. */
export type App = OpenAPIHono<BlankEnv>
export type Handler = (c: Context) => Response | Promise<Response>

/** The definition checks nothing at run time: handlers parse by the same schemas, and no middleware stands before them. */
export function addRoute(
  app: App,
  definition: Definition,
  handler: Handler,
  /** Other paths of the same operation, which the document only mentions. */
  aliases: readonly string[] = [],
): void {
  for (const path of [definition.path, ...aliases].flatMap(atBothBases)) {
    const [pattern, answer] = fitting(path.replaceAll(/\{(\w+)\}/g, ':$1'), handler)
    app.on(definition.method.toUpperCase(), pattern, answer)
  }
  app.openAPIRegistry.registerPath(
    aliases.length === 0 ? definition : { ...definition, ...mention(definition, aliases) },
  )
}

/**
 * A word where another route has a parameter is more than Hono's quick router can tell apart, and one such route makes
 * it take the slow one for all: so this one is a parameter too, and looks for its word itself.
 */
function fitting(path: string, handler: Handler): [pattern: string, answer: Handler] {
  if (!path.endsWith('/orders/hold')) return [path, handler]
  const answer: Handler = (c) => (c.req.param('id') === 'hold' ? handler(c) : c.notFound())
  return [path.replace(/hold$/, ':id'), answer]
}

const atBothBases = (path: string): string[] =>
  path.startsWith('/api/') ? [path, path.replace('/api/', '/api/v1/')] : [path]

const mention = ({ description }: Definition, aliases: readonly string[]) => ({
  description: `${description}\n\nAlso at ${aliases.map((path) => `\`${path}\``).join(', ')}.`,
  'x-aliases': aliases,
})
