/** The manifests of deploy/k8s: as Kubernetes and KEDA want them, and true to the settings of the processes. */
import { environment as api } from '@flashlane/api/config.ts'
import { environment as worker } from '@flashlane/worker/config.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'

type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Record<string, string>
  readonly stringData?: Record<string, string>
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: Record<string, string> }
    readonly scaleTargetRef?: { readonly name: string }
    readonly template?: Template
    readonly jobTemplate?: { readonly spec: { readonly template: Template } }
  }
}

type Template = {
  readonly metadata: { readonly labels: Record<string, string> }
  readonly spec: {
    readonly terminationGracePeriodSeconds?: number
    readonly containers: readonly Container[]
  }
}

type Container = {
  readonly command: readonly string[]
  readonly ports?: readonly { readonly containerPort: number }[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

type Model = new (manifest: Manifest) => { validate(): void }

const folder = fileURLToPath(new URL('../../deploy/k8s', import.meta.url))
const KUSTOMIZATION = 'kustomization.yaml'
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== KUSTOMIZATION)
const read = (name: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(
    (document) => document.toJS() as Manifest,
  )
const all = files.flatMap((file) => read(file).map((manifest) => ({ file, manifest })))
const named = all.map(({ file, manifest }) => ({
  name: `${file}: ${manifest.kind} ${manifest.metadata.name}`,
  manifest,
}))
const deployments = all.flatMap(({ manifest }) =>
  manifest.kind === 'Deployment' ? [manifest] : [],
)

const envOf = ({ spec }: Manifest) =>
  spec?.template?.spec.containers.flatMap(({ env = [] }) => env) ?? []

async function modelOf({ apiVersion, kind }: Manifest): Promise<Model> {
  const own = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models'
  const module = (await import(`${own}/${apiVersion}/${kind}`)) as Record<string, Model>
  const model = module[kind]
  if (!model) throw new Error(`there is no ${kind} in ${apiVersion}`)
  return model
}

test.each(named)('$name is what its schema wants', async ({ manifest }) => {
  const model = await modelOf(manifest)

  expect(() => new model(manifest).validate()).not.toThrow()
})

test('kustomize takes every file but the example of the secrets', () => {
  const { resources } = parse(readFileSync(join(folder, KUSTOMIZATION), 'utf8')) as {
    resources: string[]
  }

  expect(resources.toSorted()).toEqual(
    files.filter((name) => name !== 'secrets.example.yaml').toSorted(),
  )
})

test('settings and secrets are such that the processes know, and pass their parsing', () => {
  const given: Record<string, string> = {}
  for (const { manifest } of all) {
    if (manifest.metadata.name === 'flashlane') {
      Object.assign(given, manifest.data, manifest.stringData)
    }
  }
  for (const { name, value } of deployments.flatMap(envOf)) if (value) given[name] = value
  const known = { ...api.shape, ...worker.shape }

  expect(Object.keys(given).filter((name) => !(name in known))).toEqual([])
  expect(api.safeParse(given).error?.issues).toBeUndefined()
  expect(worker.safeParse(given).error?.issues).toBeUndefined()
})

test('pods are given longer to end than their processes take', () => {
  const { DRAIN_DELAY_MS, SHUTDOWN_GRACE_MS } = read('settings.yaml')[0]?.data ?? {}
  const neededS = (Number(DRAIN_DELAY_MS) + Number(SHUTDOWN_GRACE_MS)) / 1_000

  const graces = deployments.map(({ spec }) => spec?.template?.spec.terminationGracePeriodSeconds)

  expect(graces).toHaveLength(2)
  for (const graceS of graces) expect(graceS).toBeGreaterThan(neededS)
})

test('whatever chooses pods by their labels chooses some, and what is scaled is there', () => {
  const labels = all.flatMap(({ manifest }) => {
    const name = manifest.spec?.template?.metadata.labels['app.kubernetes.io/name']
    return name === undefined ? [] : [name]
  })
  const chosen = all.flatMap(({ manifest }) => {
    const name = manifest.spec?.selector?.matchLabels?.['app.kubernetes.io/name']
    return name === undefined ? [] : [name]
  })
  const scaled = all.flatMap(({ manifest }) => manifest.spec?.scaleTargetRef?.name ?? [])

  expect(new Set(chosen)).toEqual(new Set(['flashlane-api', 'flashlane-worker']))
  expect(chosen.filter((name) => !labels.includes(name))).toEqual([])
  expect(scaled.toSorted()).toEqual(deployments.map(({ metadata }) => metadata.name).toSorted())
})

test('each process is started by a file that is there', () => {
  const containers = all.flatMap(({ manifest: { spec } }) => {
    const template = spec?.template ?? spec?.jobTemplate?.spec.template
    return template?.spec.containers ?? []
  })

  expect(containers).toHaveLength(4)
  for (const { command } of containers) {
    const [program, file = ''] = command
    expect(program).toBe('node')
    expect(readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')).not.toBe(
      '',
    )
  }
})
