/** Whether two flat values of one kind have the same in every field of the second, but for `except`. */
export function isAlike<Fields extends object>(
  a: Fields,
  b: Fields,
  except: keyof Fields | null = null,
): boolean {
  for (const name in b) if (a[name] !== b[name] && name !== except) return false
  return true
}
