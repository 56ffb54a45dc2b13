export { isRedisUrl, parseRedisUrl, REDIS_URL_DESCRIPTION, REDIS_URL_WANTED } from './address.ts'
export { connectRedis, connectSubscriber } from './connect.ts'
export { createRunIds, type RunIds } from './run-ids.ts'
export { eachServer, type RedisClient, serverOf, slotOf } from './servers.ts'
