-- Streams, as the scripts about them read and write them: after common.lua.
--
-- A record is the hash x-url:{key}: `schema`; `origin`, its id; `version`, which grows with every
-- change of origin; `revision`, with every change; `placed`, the version as of which the stream has
-- only followed its origin; `rank`, what it counts as beside another placement: its version, or, of
-- one that was written anew, the version that its sessions were placed by; `claimed`, ms; `stays`
-- when idle; `flows`: not provisional; `fed`: its changes go to the feed; `live`, `used`: by anybody;
-- `to`, `deadline` (ms, '' for none) and `cause` of a pending move; and for each proxy with sessions
-- `u:{proxy}`, its use: `publishers live sessions origin`, where `sessions` is an upper bound and
-- `origin` is where the live ones are.

local function parse_use(value)
  local publishers, live, sessions, origin =
    string.match(value, '^(%d+) (%d+) (%d+) (.*)$')
  if not publishers then return nil end
  return {
    publishers = tonumber(publishers), live = tonumber(live), sessions = tonumber(sessions),
    origin = origin,
  }
end

local function format_use(use)
  return use.publishers .. ' ' .. use.live .. ' ' .. use.sessions .. ' ' .. use.origin
end

-- What a dead proxy held is nothing; what one held that is awaited counts.
local function is_alive(proxy)
  return proxy == me or redis.call('EXISTS', own('proxy:' .. proxy)) == 1 or awaits(proxy)
end

-- Sums up who uses `record`.
local function sum_up(record)
  record.publishers, record.live_here, record.live_elsewhere, record.sessions = 0, 0, 0, 0
  for _, use in pairs(record.uses) do
    record.publishers = record.publishers + use.publishers
    record.sessions = record.sessions + use.sessions
    if use.origin == record.origin then
      record.live_here = record.live_here + use.live
    else
      record.live_elsewhere = record.live_elsewhere + use.live
    end
  end
end

-- nil: there is none.
local function read_record(key)
  local name = own('url:' .. key)
  local flat = call('HGETALL', name)
  if #flat == 0 then return nil end
  local fields, uses = {}, {}
  for i = 1, #flat, 2 do
    local proxy = string.match(flat[i], '^u:(.+)$')
    if not proxy then
      fields[flat[i]] = flat[i + 1]
    elseif is_alive(proxy) then
      uses[proxy] = parse_use(flat[i + 1])
    end
  end
  local version, revision = tonumber(fields.version), tonumber(fields.revision)
  local placed, claimed = tonumber(fields.placed), tonumber(fields.claimed)
  local origin = fields.origin
  if not (version and revision and placed and claimed and origin) or origin == '' or
    #origin > MAX_ID or #(fields.to or '') > MAX_ID or #(fields.deadline or '') > MAX_ID or
    #(fields.cause or '') > MAX_ID then
    heal(name)
    return nil
  end
  local record = {
    key = key, origin = origin, version = version, revision = revision, placed = placed,
    rank = tonumber(fields.rank) or version, claimed = claimed, stays = fields.stays == '1', flows = fields.flows == '1',
    fed = fields.fed == '1', was_fed = fields.fed == '1', live = fields.live == '1', used = fields.used == '1', uses = uses,
  }
  if fields.to and fields.to ~= '' then
    record.pending = { to = fields.to, deadline = fields.deadline or '', cause = fields.cause or '0' }
  end
  sum_up(record)
  return record
end

-- Whether a publisher of another proxy is live where the stream is.
local function has_rival(record)
  for proxy, use in pairs(record.uses) do
    if proxy ~= me and use.live > 0 and use.origin == record.origin then return true end
  end
  return false
end

-- A record as it is told: the order is a contract with its reader.
local function fields_of(record)
  local pending = record.pending or { to = '', deadline = '', cause = '' }
  return {
    record.origin, text(record.version), text(record.revision), text(record.placed),
    text(record.claimed), flag(record.stays), flag(record.flows), flag(record.fed),
    flag(record.live), flag(record.used), pending.to, pending.deadline, pending.cause,
    text(record.rank), tostring(record.publishers), tostring(record.sessions), flag(has_rival(record)),
  }
end

local FIELDS = {
  'origin', 'version', 'revision', 'placed', 'claimed', 'stays', 'flows', 'fed', 'live', 'used',
  'to', 'deadline', 'cause', 'rank',
}

local function named_fields_of(record)
  local values, named = fields_of(record), {}
  for i, name in ipairs(FIELDS) do
    named[2 * i - 1] = name
    named[2 * i] = values[i]
  end
  return named
end

local function split_key(key)
  return string.match(key, '^([^/]*)/(.*)$')
end

-- The vhosts that have this app/stream: x-vhosts:{app/stream} names them, and goes by itself when
-- all of them are provisional. Answers their records, but for that of `except`.
local function records_of_vhosts(stream, except)
  local index, records = own('vhosts:' .. stream), {}
  for i, vhost in ipairs(call('HKEYS', index)) do
    if i > MAX_VHOSTS then return nil end
    if vhost ~= except then
      local record = read_record(vhost .. '/' .. stream)
      if record then
        records[#records + 1] = record
      else
        call('HDEL', index, vhost)
      end
    end
  end
  return records
end

local function settle_index(stream)
  local index = own('vhosts:' .. stream)
  for _, vhost in ipairs(call('HKEYS', index)) do
    if call('HGET', own('url:' .. vhost .. '/' .. stream), 'fed') == '1' then
      call('PERSIST', index)
      return
    end
  end
  call('PEXPIRE', index, INDEX_MS)
end

local function write_mapping(record)
  if record.fed then
    redis.call('SET', URL .. record.key, SERVER .. record.origin)
  else
    redis.call('SET', URL .. record.key, SERVER .. record.origin, 'PX', PROVISIONAL_MS)
  end
end

-- Event: reason and, of a move, cause and former origin.
local function tell(record, event, removed)
  if not event or not record.fed then return end
  feed('stream', 'key', record.key, 'removed', flag(removed), 'reason', event.reason, 'moved', event.cause or '',
    'former', event.former or '', unpack(named_fields_of(record)))
end

-- What has happened to a record of which only its use has changed.
local function event_of_use(record, live, used)
  if live ~= record.live then return { reason = live and 'publisher live' or 'publisher ended' } end
  if used ~= record.used then return { reason = used and 'used' or 'idle' } end
  return nil
end

-- Writes what has become of `record`, and tells it: by `event`, else by what has changed of its use.
-- `was_fed` is nil for a new one. Returns the event.
local function write_record(record, event)
  sum_up(record)
  record.revision = record.revision + 1
  local live, used = record.live_here + record.live_elsewhere > 0, record.sessions > 0
  event = event or event_of_use(record, live, used)
  if record.fed and not record.was_fed then event = event or { reason = 'to be published' } end
  record.live, record.used = live, used
  local name = own('url:' .. record.key)
  call('HSET', name, 'schema', '1', unpack(named_fields_of(record)))
  if record.fed then
    call('PERSIST', name)
    call('ZADD', own('streams'), record.used and '0' or text(NOW_US), record.key)
  else
    call('PEXPIRE', name, PROVISIONAL_MS)
  end
  if record.fed ~= record.was_fed then
    local vhost, stream = split_key(record.key)
    call('HSET', own('vhosts:' .. stream), vhost, '')
    settle_index(stream)
    write_mapping(record)
    record.was_fed = record.fed
  end
  tell(record, event, false)
  return event
end

local function remove_record(record, event)
  local vhost, stream = split_key(record.key)
  redis.call('DEL', own('url:' .. record.key))
  if call('GET', URL .. record.key) == SERVER .. record.origin then
    redis.call('DEL', URL .. record.key)
  end
  call('ZREM', own('streams'), record.key)
  call('HDEL', own('vhosts:' .. stream), vhost)
  settle_index(stream)
  for proxy in pairs(record.uses) do
    call('SREM', own('uses:' .. proxy), record.key)
  end
  record.revision = record.revision + 1
  tell(record, event, true)
end

-- Room for one more that is remembered: the oldest that is idle leaves. False: none is.
local function make_room(cap)
  while call('ZCARD', own('streams')) >= cap do
    local oldest = call('ZRANGEBYSCORE', own('streams'), '(0', '+inf', 'LIMIT', 0, 1)[1]
    if not oldest then return false end
    local record = read_record(oldest)
    if record then
      remove_record(record, { reason = 'evicted' })
    else
      call('ZREM', own('streams'), oldest)
    end
  end
  return true
end

-- The use of the calling proxy; its sum follows in write_record.
local function set_use(record, publishers, live, sessions, origin)
  local name = own('url:' .. record.key)
  if publishers + sessions == 0 then
    record.uses[me] = nil
    call('HDEL', name, 'u:' .. me)
    call('SREM', own('uses:' .. me), record.key)
    return
  end
  if live == 0 then origin = record.origin end
  local use = { publishers = publishers, live = live, sessions = sessions, origin = origin }
  record.uses[me] = use
  call('HSET', name, 'u:' .. me, format_use(use))
  call('SADD', own('uses:' .. me), record.key)
end

local function place(record, origin)
  record.origin = origin
  -- Even: a proxy that decides without Redis gives odd ones.
  local version = math.max(record.version + 1, NOW_US)
  record.version = version + version % 2
  record.rank = record.version
  record.claimed = NOW_MS
end

-- The origin where the stream is was superseded by `origin`: who was on the one is on the other.
local function follow(record, origin)
  for proxy, use in pairs(record.uses) do
    if use.origin == record.origin then
      use.origin = origin
      call('HSET', own('url:' .. record.key), 'u:' .. proxy, format_use(use))
    end
  end
  place(record, origin)
end

-- What a proxy that knows nothing of records has written, the Go one: the id of an origin.
local function mapped_origin(key)
  local value = call('GET', URL .. key)
  if not value then return nil end
  local id = string.sub(value, #SERVER + 1)
  if string.sub(value, 1, #SERVER) ~= SERVER or id == '' or #id > MAX_ID then
    heal(URL .. key)
    return nil
  end
  return id
end

local function new_record(key, origin)
  local record = {
    key = key, version = 0, revision = 0, placed = 0, stays = false, flows = false, fed = false,
    uses = {},
  }
  place(record, origin)
  record.placed = record.version
  return record
end

-- The record of `key`, by what others have written in place of it: that counts, unless a publisher of
-- ours is live.
local function adopt(key, cap)
  local record, origin = read_record(key), mapped_origin(key)
  if record and origin ~= record.origin then
    if not origin or record.live_here + record.live_elsewhere > 0 then
      write_mapping(record)
      return record
    end
    local former = record.origin
    place(record, origin)
    record.placed, record.pending, record.fed, record.stays = record.version, nil, true, true
    write_record(record, { reason = 'foreign', cause = 'unusable', former = former })
  elseif not record and origin then
    make_room(cap)
    record = new_record(key, origin)
    record.flows, record.stays, record.fed = true, true, true
    write_record(record, { reason = 'foreign' })
  end
  return record
end
