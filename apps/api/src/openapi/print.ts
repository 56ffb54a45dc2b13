/** The OpenAPI document without a running api, printed if this is what is run. */
import { type AppDeps, createApp } from '../app.ts'
import { describe } from './document.ts'

/** Routes tell what they are without being called. */
const uncalled = {} as AppDeps

export const printedDocument = describe(createApp(uncalled))

if (import.meta.main) process.stdout.write(`${JSON.stringify(printedDocument, null, 2)}\n`)
