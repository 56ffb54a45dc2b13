/** The OpenAPI document, made of what the routes say of themselves. */
import type { App } from './add-route.ts'
import { answerHeaders } from './headers.ts'
import { TAGS } from './operation.ts'

const DESCRIPTION = `A flash-sale checkout that never oversells.

All paths under \`/api\` work under \`/api/v1\` too. JSON in and out, snake_case; money is integers in minor units;
instants are ISO 8601 in UTC. An unknown field of a request is refused, webhooks excepted; an answer may get new fields.
What is no operation is answered 404 \`not_found\` or 405 \`method_not_allowed\`.

**Commands.** Placing and releasing a hold, placing and cancelling an order, and adjusting stock are commands. Their
answer is awaited for 5 s, or as long as \`Prefer\` says. Past that: 202 with where to ask. A refusal with a
\`command_id\` is an outcome, and stays what it is under its \`Idempotency-Key\`; a 503 is not remembered.

**Envelope.** With \`?envelope=1\`, or \`Accept: application/vnd.flashlane.envelope+json\`, any answer comes as
\`{status, message, data}\`: status "success" or "error", or true and false with \`?envelope=s1\`. What is told of here is
then in \`data\`, or, of a problem, beside it.`

export function describe(app: App): ReturnType<App['getOpenAPI31Document']> {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Flashlane',
      version: '0.1.0',
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/', description: 'Where this document came from' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  })
}

/** What operations refer to by name. */
export function addComponents({ openAPIRegistry: registry }: App): void {
  registry.registerComponent('securitySchemes', 'operatorToken', {
    type: 'http',
    scheme: 'bearer',
    description:
      '`ADMIN_TOKEN`, or one of `ADMIN_TOKENS`. Each operation names the scope that it takes: `read`, `operate` or `admin`, each of which may do what the ones before it may',
  })
  for (const [name, header] of Object.entries(answerHeaders)) {
    registry.registerComponent('headers', name, header)
  }
}
