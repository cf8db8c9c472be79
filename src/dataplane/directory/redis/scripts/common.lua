-- What every script begins with.
--
-- ARGV[1] what the names of all keys start with; [2] the proxy that calls, `id:boot`; [3] what the
-- token of a new history begins with, for a Redis that has none, a blank, and the token of the history
-- that the caller knows, if it knows one; [4] the number of the driver's lease that the caller acts
-- by, or ''.
--
-- A script answers { the history's token, what it did, what was healed, ... }. What it wrote is all
-- of it or nothing: it reads first.
local prefix, me, driver = ARGV[1], ARGV[2], ARGV[4]
local begins, known_history = string.match(ARGV[3], '^(%S*) ?(.*)$')

local URL = prefix .. 'srs-proxy-url:'
local SERVER = prefix .. 'srs-proxy-server:'
local DEFAULT_VHOST = '__defaultVhost__'
local PROVISIONAL_MS = 30000
local INDEX_MS = 60000
local FEED_ENTRIES = 100000
local MAX_VHOSTS = 32
local MAX_ID = 512
local SETTLE_MS = 5000

local function own(name)
  return prefix .. 'srs-proxy-x-' .. name
end

-- Numbers in Lua are doubles, which `..` would round.
local function text(number)
  return string.format('%.0f', number)
end

local function flag(value)
  return value and '1' or '0'
end

local time = redis.call('TIME')
local NOW_US = tonumber(time[1]) * 1000000 + tonumber(time[2])
local NOW_MS = math.floor(NOW_US / 1000)

-- The names of keys that held what we do not write: they are removed, and read as missing.
local healed = {}

local function heal(key)
  redis.call('DEL', key)
  healed[#healed + 1] = key
end

-- As redis.call, for a key that may hold what we do not write.
local function call(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then
    if not string.find(reply.err, 'WRONGTYPE', 1, true) then error(reply.err) end
    heal(key)
    reply = redis.call(command, key, ...)
  end
  return reply
end

local function is_number(value)
  return value and #value <= 18 and string.match(value, '^%d+$') ~= nil
end

-- `token`; `fed`, how many entries the feed has had; `driver`, the number of the last lease.
local kept = call('HMGET', own('history'), 'token', 'fed', 'driver')
local history = kept[1]
if history and not (#history <= MAX_ID and is_number(kept[2]) and is_number(kept[3] or '0')) then
  heal(own('history'))
  history = false
end

-- The settle time: after these data were lost, or could not be reached, not all proxies have written
-- what their sessions use. x-settle is the set of those that have not yet; `?`: it is not known who.
local SETTLE = own('settle')

local function settles()
  return redis.call('EXISTS', SETTLE) == 1
end

local function awaits(proxy)
  return call('SISMEMBER', SETTLE, proxy) == 1 or call('SISMEMBER', SETTLE, '?') == 1
end

local function begin_settling()
  if settles() then return end
  redis.call('SADD', SETTLE, '?')
  redis.call('PEXPIRE', SETTLE, SETTLE_MS)
end

if known_history ~= '' and known_history ~= history then begin_settling() end

local function begin_history()
  if history then return end
  -- The same proxy may begin another one: what it began before is gone.
  history = begins .. '-' .. text(NOW_US)
  call('HSET', own('history'), 'token', history, 'fed', '0')
end

local function answer(what, ...)
  begin_history()
  return { history, what, healed, ... }
end

-- Whether the caller acts by a lease that has ended.
local function is_outdated_driver()
  if driver == '' then return false end
  local lease = call('GET', own('driver'))
  return not lease or string.match(lease, '^%d+') ~= driver
end

-- Adds an entry to the feed: its kind, and names and values. Its number is one more than that of the
-- entry before.
local function feed(kind, ...)
  begin_history()
  local number = call('HINCRBY', own('history'), 'fed', 1)
  call('XADD', own('feed'), 'MAXLEN', '~', FEED_ENTRIES, '*', 'history', history, 'number',
    number, 'by', me, 'kind', kind, ...)
end
