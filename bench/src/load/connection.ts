/** A keep-alive connection of a client of ours: one request at a time, its answer whole. */
import { Client, type Dispatcher } from 'undici'

export type Answer = { readonly status: number; readonly text: string }

export type Connection = {
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  get(path: string): Promise<Answer>
  close(): Promise<void>
}

const TIMEOUT_MS = 30_000

/** By dispatch, undici's lowest level: a client that costs as much as the server would measure itself. */
export function openConnection(url: string): Connection {
  const client = new Client(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  const send = (options: Dispatcher.DispatchOptions): Promise<Answer> =>
    new Promise((resolve, reject) => {
      let status = 0
      const chunks: Buffer[] = []
      client.dispatch(options, {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk)
        },
        onResponseEnd() {
          const [only] = chunks
          const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks)
          resolve({ status, text: bytes.toString() })
        },
        onResponseError(_controller, error) {
          reject(error)
        },
      })
    })
  return {
    post: (path, body, headers) =>
      send({
        path,
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      }),
    get: (path) => send({ path, method: 'GET' }),
    close: () => client.destroy(),
  }
}
