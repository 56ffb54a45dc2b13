/** Reads server-sent events out of the pieces in which they come, as the HTML standard wants it. */

export type ServerEvent = {
  readonly event: string
  readonly data: string
  /** The last that was told, by this event or one before. */
  readonly id: string
}

/** An event, or how long to wait before a lost stream is asked for again. */
export type Heard = ServerEvent | { readonly retryMs: number }

/** Takes text as it comes, and gives what is complete by then. */
export function makeEventParser(): (text: string) => Heard[] {
  let rest = ''
  let isBegun = false
  let data: string[] = []
  let event = ''
  let id = ''

  function take(line: string): Heard[] {
    if (line === '') return dispatch()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
    else if (field === 'retry' && /^\d+$/.test(value)) return [{ retryMs: Number(value) }]
    return []
  }

  function dispatch(): Heard[] {
    const heard =
      data.length === 0 ? [] : [{ event: event || 'message', data: data.join('\n'), id }]
    data = []
    event = ''
    return heard
  }

  return (text) => {
    if (text === '') return []
    const whole = isBegun ? rest + text : text.replace(/^\uFEFF/, '')
    isBegun = true
    // A CR at the end may be the first half of a CRLF.
    const isOpen = whole.endsWith('\r')
    const lines = (isOpen ? whole.slice(0, -1) : whole).split(/\r\n|\r|\n/)
    rest = `${lines.pop() ?? ''}${isOpen ? '\r' : ''}`
    return lines.flatMap(take)
  }
}
