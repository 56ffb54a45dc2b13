/** Every limit of Flashlane that is not a setting, and the defaults of those that are. Times in ms unless the name says otherwise. */

export const PRODUCT_ID_MAX = 999_999_999_999_999
export const QUANTITY_MAX = 100
export const STOCK_MAX = 2_000_000_000
export const PRICE_MAX = 1_000_000_000_000
export const HOLD_TTL_S_MIN = 3
export const HOLD_TTL_S_MAX = 3_600
export const HOLD_TTL_S_DEFAULT = 120
export const PAYMENT_DUE_S_DEFAULT = 900
/** A hold may be extended so often, and to this long after it was made, or to its own TTL if that is longer. */
export const HOLD_EXTENSIONS_DEFAULT = 2
export const HOLD_LIFETIME_S_DEFAULT = 600
/** How long a payment event waits for its order; then its money goes back. */
export const PARKED_TTL_S_DEFAULT = 86_400
export const CUSTOMER_LIMIT_MAX = 1_000_000

/** What others name (event keys, payment references, customers), in bytes of UTF-8: the columns' width. */
export const FOREIGN_NAME_BYTES_MAX = 255
export const REQUEST_ID_LENGTH_MAX = 128

export const BATCH_MAX_DEFAULT = 256
/** MariaDB takes 16 MB a packet, and a batch becomes rows and a journal entry: well below it. */
export const BATCH_BYTES_MAX = 1_000_000
/** A batch older than this is a stale job of a restored Redis: buried, never applied. */
export const BATCH_AGE_MS_MAX = 24 * 3_600_000
/** What is older than this is pruned, where it is none of the shop's books. */
export const JOURNAL_DAYS = 7
/** The journal is the fence against a batch that comes again, for as long as one may: twice that, at least. */
export const JOURNAL_DAYS_MIN = (2 * BATCH_AGE_MS_MAX) / (24 * 3_600_000)
export const LANE_BATCHES_MAX = 2
export const PROCESS_BATCHES_MAX = 16
export const LANE_DEPTH_MAX = 250_000
export const WAITERS_MAX = 20_000
/** Open streams of server-sent events of an api process; further ones get 503. */
export const STREAMS_MAX = 10_000
/** Waiting polls of an api process; further ones are answered at once. */
export const POLLS_MAX = 10_000

/** A command is sent to Redis within this time of its acceptance, or never. */
export const ENQUEUE_MS_MAX = 500
/** How long the producer's connection waits for Redis to acknowledge. */
export const REDIS_COMMAND_MS_MAX = 1_000
/** What two processes' readings of the database's clock may differ by. */
export const CLOCK_ERROR_MS_MAX = 400
/** How long after its deadline something expires: by then every timely command is in the lane. */
export const EXPIRY_GRACE_MS = 2_000
/** Holds and orders that one expiry pass takes. */
export const EXPIRE_MAX = 1_000

export const WAIT_S_DEFAULT = 5
export const WAIT_S_MAX = 30
export const WEBHOOK_WAIT_MS_DEFAULT = 2_000
export const COMMAND_BODY_BYTES_MAX = 16 * 1_024
export const WEBHOOK_BODY_BYTES_MAX = 256 * 1_024

/** One packet of statements to MySQL: past this the transaction is given up and tried again. */
export const PACKET_MS_MAX = 10_000
export const MYSQL_POOL_SIZE_DEFAULT = 10
export const SHUTDOWN_GRACE_MS_DEFAULT = 10_000
export const DRAIN_DELAY_MS_DEFAULT = 1_000
