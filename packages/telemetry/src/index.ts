export * from './checks.ts'
export * from './registry.ts'
export * from './services.ts'
export type { Registry } from 'prom-client'
