/**
 * One read at a time a key: whoever asks while one is under way gets the next one, which all others who asked since
 * share. So everybody's read began after he asked, and a crowd costs two reads.
 */
export function coalesce<Key, Value>(read: (key: Key) => Promise<Value>) {
  const running = new Map<Key, Promise<Value>>()
  const next = new Map<Key, Promise<Value>>()

  function start(key: Key): Promise<Value> {
    const result = read(key)
    running.set(key, result)
    const end = () => {
      if (running.get(key) === result) running.delete(key)
    }
    result.then(end, end)
    return result
  }

  return (key: Key): Promise<Value> => {
    const current = running.get(key)
    if (!current) return start(key)
    const waiting = next.get(key)
    if (waiting) return waiting
    const follow = () => {
      next.delete(key)
      return start(key)
    }
    const following = current.then(follow, follow)
    next.set(key, following)
    return following
  }
}
