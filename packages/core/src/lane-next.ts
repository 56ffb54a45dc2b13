/** What stands next in a lane, behind the job in hand. */
import { laneKey } from './lane.ts'

/** KEYS: the list of waiting jobs, whose last is the next. ARGV: how many at most; what the jobs' keys begin with. */
const NEXT_LUA = `
local found = {}
for i, id in ipairs(redis.call('lrange', KEYS[1], -tonumber(ARGV[1]), -1)) do
  found[i] = redis.call('hget', ARGV[2] .. id, 'data')
end
return found
`

/** What EVAL takes to tell the data of the jobs that come next, the first of them last. */
export const laneNext = (
  lane: string,
  most: number,
): [script: string, keys: number, ...args: (string | number)[]] => [
  NEXT_LUA,
  1,
  laneKey(lane, 'wait'),
  most,
  laneKey(lane, ''),
]
