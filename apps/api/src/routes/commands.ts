/** What became of a command, for whoever was answered 202. */
import type { Live } from '../live/live.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { followCommand, showCommand } from '../openapi/commands.ts'

export type CommandDeps = { readonly live: Pick<Live, 'showCommand' | 'commandEvents'> }

export function addCommandRoutes(app: App, deps: CommandDeps): void {
  addRoute(app, showCommand, (c) => deps.live.showCommand(c))
  addRoute(app, followCommand, (c) => deps.live.commandEvents(c))
}
