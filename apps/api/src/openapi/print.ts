/** Prints the OpenAPI document; needs no service, since routes tell what they are without being called. */
import { type AppDeps, createApp } from '../app.ts'
import { describe } from './document.ts'

const uncalled = { adminToken: '' } as AppDeps

process.stdout.write(`${JSON.stringify(describe(createApp(uncalled)), null, 2)}\n`)
