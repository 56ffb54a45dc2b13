/** The OpenAPI document, and a page that shows it: Swagger UI, from our own node_modules. */
import { readFile } from 'node:fs/promises'
import type { Context } from 'hono'
import { type App, addRoute } from '../openapi/add-route.ts'
import { describe } from '../openapi/document.ts'
import { pageFile, showDocument, showReference, showReferenceFile } from '../openapi/reference.ts'
import { Fault } from '../problem.ts'
import { respondText } from '../respond.ts'

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  png: 'image/png',
}

/** Nothing is loaded from elsewhere, nothing is sent elsewhere; Swagger's icons are `data:`. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Flashlane: reference</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="reference"></div>
    <noscript>The document itself: <a href="openapi.json">openapi.json</a></noscript>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`

/** Without a validator: Swagger's own is on the internet. */
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
})
`

export function addReferenceRoutes(app: App): void {
  let document: string | undefined
  const files = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()

  function show(c: Context): Response {
    document ??= JSON.stringify(describe(app))
    return respondText(c, 200, document, { 'content-type': 'application/json' })
  }

  function page(c: Context): Response {
    return respondText(c, 200, PAGE, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
    })
  }

  async function file(c: Context): Promise<Response> {
    const name = pageFile.safeParse(c.req.param('file'))
    if (!name.success) throw new Fault('not_found')
    const bytes = files.get(name.data) ?? read(name.data)
    files.set(name.data, bytes)
    return respondText(c, 200, await bytes, {
      'content-type': TYPES[name.data.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'public, max-age=3600',
    })
  }

  addRoute(app, showDocument, show)
  addRoute(app, showReference, page)
  addRoute(app, showReferenceFile, file)
}

const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  name === 'start.js'
    ? new TextEncoder().encode(START)
    : new Uint8Array(await readFile(new URL(import.meta.resolve(`swagger-ui-dist/${name}`))))
