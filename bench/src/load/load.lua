-- The requests of one wrk thread, and at the end its counts as one line of JSON.
-- Arguments: METHOD PRODUCTS KEYED(yes|no) PREFER(-|respond-async) SALT STATUSES(yes|no)

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("thread_id", #threads)
end

local requests = {}
local products, keyed, salt, made = 1, false, "", 0

-- Not local: the main state reads it when all is over.
statuses = {}

local function hold_of(product)
  return '{"product_id":' .. product .. ',"qty":1}'
end

function init(args)
  local method = args[1]
  products = tonumber(args[2])
  keyed = args[3] == "yes"
  salt = args[5]
  math.randomseed(thread_id * 7919)
  wrk.method = method
  -- Only where asked for: to look at each answer costs wrk time that Flashlane then has not.
  if args[6] == "yes" then
    response = function(status)
      local name = tostring(status)
      statuses[name] = (statuses[name] or 0) + 1
    end
  end
  if method == "GET" then
    requests[1] = wrk.format(method)
    return
  end
  wrk.headers["content-type"] = "application/json"
  if args[4] ~= "-" then wrk.headers["prefer"] = args[4] end
  -- Made beforehand: what wrk does for each request is not Flashlane's time.
  for product = 1, products do
    requests[product] = wrk.format(method, nil, nil, hold_of(product))
  end
end

function request()
  if keyed then
    made = made + 1
    wrk.headers["idempotency-key"] = salt .. "-" .. thread_id .. "-" .. made
    return wrk.format("POST", nil, nil, hold_of(1))
  end
  if products == 1 then return requests[1] end
  return requests[math.random(products)]
end

local function all_statuses()
  local sums, parts = {}, {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      sums[status] = (sums[status] or 0) + count
    end
  end
  for status, count in pairs(sums) do
    table.insert(parts, string.format('"%s":%d', status, count))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function done(summary, latency, _)
  local errors = summary.errors
  print(string.format(
    'counts={"answers":%d,"refused":%d,"broken":%d,"timeouts":%d,"micros":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"statuses":%s}',
    summary.requests, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    latency:percentile(99.9), all_statuses()))
end
