/** Which Flashlane is meant, and the token for it. */
import { UsageError } from './usage-error.ts'

export type Target = { readonly baseUrl: string; readonly adminToken?: string }

type Given = { readonly url?: string | undefined; readonly token?: string | undefined }

type Sources = {
  readonly options: Given
  readonly environment: Given
  /** What the `npm start` that runs here has left. */
  readonly found: { readonly url: string; readonly token: string } | null
}

/** Options win over the environment, both over what was found. A found token goes to the found address only. */
export function chooseTarget({ options, environment, found }: Sources): Target {
  const url = options.url ?? environment.url
  const token = options.token ?? environment.token
  if (url !== undefined) {
    if (!/^https?:/.test(url) || !URL.canParse(url)) {
      throw new UsageError(`${url} is no address: it takes http://host:port`)
    }
    return token === undefined ? { baseUrl: url } : { baseUrl: url, adminToken: token }
  }
  if (found) return { baseUrl: found.url, adminToken: options.token ?? found.token }
  throw new UsageError(
    'Which Flashlane? npm start does not run here, and FLASHLANE_URL is not set: start the one, or set the other, or use --url.',
  )
}
