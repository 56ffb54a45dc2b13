/** Whether two flat values of one kind have the same in every field of the second. */
export function isAlike<Fields extends object>(a: Fields, b: Fields): boolean {
  for (const name in b) if (a[name] !== b[name]) return false
  return true
}
