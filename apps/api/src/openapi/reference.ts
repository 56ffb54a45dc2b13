/** The reference itself, as the document tells it. */
import { z } from 'zod'
import { headerRefs } from './headers.ts'
import { jsonAnswer, operation } from './operation.ts'

/** What the page loads: all of it comes from here, none from elsewhere. */
export const pageFile = z.enum([
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'start.js',
  'favicon-32x32.png',
])

const textAnswer = (description: string, types: readonly string[]) => ({
  description,
  headers: headerRefs(['X-Request-Id', 'Cache-Control']),
  content: Object.fromEntries(types.map((type) => [type, { schema: z.string() }])),
})

export const showDocument = operation({
  method: 'get',
  path: '/openapi.json',
  operationId: 'showDocument',
  tags: ['Reference'],
  summary: 'Show this document',
  description: 'OpenAPI 3.1.',
  answers: {
    200: jsonAnswer('The document', z.object({ openapi: z.literal('3.1.0') }).loose(), {
      openapi: '3.1.0',
    }),
  },
  problems: ['internal_error'],
})

export const showReference = operation({
  method: 'get',
  path: '/docs',
  operationId: 'showReference',
  tags: ['Reference'],
  summary: 'Show this document as a page',
  description: 'It works without the internet.',
  answers: { 200: textAnswer('The page', ['text/html']) },
  problems: ['internal_error'],
})

export const showReferenceFile = operation({
  method: 'get',
  path: '/docs/{file}',
  operationId: 'showReferenceFile',
  tags: ['Reference'],
  summary: 'Show what the page is made of',
  description: 'Scripts, styles and an icon.',
  params: z.object({ file: pageFile }),
  answers: { 200: textAnswer('The file', ['text/css', 'text/javascript', 'image/png']) },
  problems: ['not_found', 'internal_error'],
})
