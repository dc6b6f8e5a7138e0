-- One kind of request for wrk, described by the environment, and its result as one line of JSON.

local method = os.getenv("BENCH_METHOD") or "GET"
local path = os.getenv("BENCH_PATH")
local body = os.getenv("BENCH_BODY")
local range_bytes = tonumber(os.getenv("BENCH_RANGE_BYTES") or "0")
local file_bytes = tonumber(os.getenv("BENCH_FILE_BYTES") or "0")
-- `@NUMBER@` in the address and the body becomes a random number below this.
local numbers = tonumber(os.getenv("BENCH_NUMBERS") or "0")
local headers = {}
for line in (os.getenv("BENCH_HEADERS") or ""):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  headers[name] = value
end

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init()
  math.randomseed(seed)
end

function request()
  if range_bytes > 0 then
    local start = math.random(0, math.floor(file_bytes / range_bytes) - 1) * range_bytes
    headers["Range"] = "bytes=" .. start .. "-" .. (start + range_bytes - 1)
  end
  if numbers > 0 then
    local number = tostring(math.random(0, numbers - 1))
    local asked = body and body:gsub("@NUMBER@", number)
    return wrk.format(method, (path:gsub("@NUMBER@", number)), headers, asked)
  end
  return wrk.format(method, path, headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  local line = '{"requests":%d,"bytes":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n'
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  local p50, p99 = latency:percentile(50), latency:percentile(99)
  io.write(line:format(summary.requests, summary.bytes, summary.duration, p50, p99, errors.status, broken))
end
