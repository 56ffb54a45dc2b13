/** How many commands stand in a lane. Jobs say in their names how many they carry; where many wait, some tell for all. */
import { laneKey } from './lane.ts'

/**
 * Spread over the whole list: a lane that filled in batches of 256 and goes on in batches of 60 is not one of 256. So many,
 * since batches differ as much as from 1 to 256: of sixteen, the mean is a fifth off too often.
 */
const ASKED_MAX = 256

/** KEYS: the list of jobs that wait. ARGV: how many to ask; what the key of a job begins with. */
const LANE_DEPTH_LUA = `
local waiting = redis.call('llen', KEYS[1])
local asked = math.min(waiting, tonumber(ARGV[1]))
local commands = 0
for i = 0, asked - 1 do
  local job = redis.call('lindex', KEYS[1], math.floor((i + 0.5) * waiting / asked))
  local name = redis.call('hget', ARGV[2] .. job, 'name') or ''
  commands = commands + (tonumber(string.match(name, '^%d+')) or 1)
end
return asked == 0 and 0 or math.floor(commands / asked * waiting + 0.5)
`

/** What EVAL takes to tell the commands that wait in a lane: exactly up to 256 jobs, about beyond. */
export const laneDepth = (
  lane: string,
): [script: string, keys: number, ...args: (string | number)[]] => [
  LANE_DEPTH_LUA,
  1,
  laneKey(lane, 'wait'),
  ASKED_MAX,
  laneKey(lane, ''),
]
