/** What a document shows in bash, and how it says that it is answered: read from Markdown, run, and written back. */
import { spawn } from 'node:child_process'

/** A block of bash, and the answer that stands right behind it. */
export type Shown = {
  readonly line: number
  readonly script: string
  readonly answer: string | null
}

const RUN_MS_MAX = 60_000

const BLOCK = /^```sh\n(.*?)^```\n(?:```http\n(.*?)^```\n)?/gms

export const readShown = (markdown: string): readonly Shown[] =>
  [...markdown.matchAll(BLOCK)].map(({ index, 1: script = '', 2: answer }) => ({
    line: markdown.slice(0, index).split('\n').length,
    script,
    answer: answer ?? null,
  }))

/** The document with other answers, one for each block. */
export function withAnswers(markdown: string, answers: readonly string[]): string {
  let n = 0
  return markdown.replaceAll(BLOCK, (_, script: string, answer: string | undefined) => {
    const given = answers[n++] ?? ''
    return `\`\`\`sh\n${script}\`\`\`\n${answer === undefined ? '' : `\`\`\`http\n${given}\`\`\`\n`}`
  })
}

type Where = {
  readonly folder: string
  /** Stand in for what a block sets these variables to. */
  readonly variables: Readonly<Record<string, string>>
}

/** Runs all blocks in one shell, as a reader would who pastes one behind the other; gives what each has written. */
export async function runShown(
  shown: readonly Shown[],
  { folder, variables }: Where,
): Promise<readonly string[]> {
  const script = shown.map((each) => `${stated(each.script, variables)}printf '\\036'\n`).join('')
  const shell = spawn('bash', ['-c', script], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
  })
  const chunks: Buffer[] = []
  let errors = ''
  shell.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  shell.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => shell.once('close', resolve))
  const written = Buffer.concat(chunks).toString().split('\u001e')
  if (code !== 0 || written.length !== shown.length + 1 || errors !== '') {
    const last = shown[written.length - 1]
    throw new Error(`bash ended with ${code} at line ${last?.line}: ${last?.script}\n${errors}`)
  }
  return written.slice(0, -1)
}

function stated(script: string, variables: Where['variables']): string {
  let text = script
  for (const [name, value] of Object.entries(variables)) {
    text = text.replace(new RegExp(`^${name}=\\S*`, 'm'), () => `${name}='${value}'`)
  }
  return text
}

/** A real answer as the document shows it: the status, those headers that it names, and the body. */
export function present(written: string, shown: string): string {
  const [head, body] = parted(written.replaceAll('\r\n', '\n'))
  const [status = '', ...lines] = head
  const names = parted(shown)[0].slice(1).map(nameOf)
  const headers = names.map(
    (name) => lines.find((line) => nameOf(line) === name) ?? `${name}: none`,
  )
  const text = body.trimEnd()
  return [status, ...headers, ...(text === '' ? [] : ['', text]), ''].join('\n')
}

function parted(answer: string): [head: readonly string[], body: string] {
  const end = answer.indexOf('\n\n')
  const head = end === -1 ? answer : answer.slice(0, end)
  return [head.trimEnd().split('\n'), end === -1 ? '' : answer.slice(end + 2)]
}

const nameOf = (line: string): string => (line.split(':', 1)[0] ?? '').toLowerCase()
