-- Places a stream, or answers where it is; counts the caller's use in the same step.
--
-- ARGV[5] key; [6] the origin that is proposed; [7] `publisher` or `viewer`; [8] the version that is
-- to be replaced, 0 for none; [9] 1: the proposed origin superseded the replaced one; [10] 1:
-- replaces nothing that has a live publisher; [11] the origin seen in another vhost, `=` before it,
-- or '' when that does not matter; [12] how many streams are remembered at most; [13 to 16] the
-- caller's publishers, live ones, sessions (an upper bound), the origin of the live ones, all with
-- the session that is to come; [17] '', or the rank by which the caller's sessions are there already:
-- the stream is to be written anew where they are; then [18] since when, ms, [19] 1: media flows, and [20] 1: it stays when idle.
--
-- A stream is brought to a caller's publisher that is live elsewhere by [8] the version that the
-- caller has weighed it against, and [10] unless a publisher of another proxy has come there since.
--
-- Answers what it did: `found`, `placed`, `replaced`; then the record, and former origin and reason
-- of what it did. `full`: there is no room. `settles`: what is to be replaced may be in use by a
-- proxy that is not back yet; the record follows, and the use does not count.
local key, proposed, role = ARGV[5], ARGV[6], ARGV[7]
local replaces, inherits, unless_live, seen_elsewhere = ARGV[8], ARGV[9] == '1', ARGV[10] == '1', ARGV[11]
local cap = tonumber(ARGV[12])
local restores = ARGV[17] ~= ''
local vhost, stream = split_key(key)

-- The one origin on which all other vhosts have the stream, when a client of this role goes there.
local function joined_elsewhere()
  if seen_elsewhere == '' then return nil end
  local records = records_of_vhosts(stream, vhost)
  if not records or not records[1] then return nil end
  local origin, published, viewers = records[1].origin, false, 0
  for _, record in ipairs(records) do
    if record.origin ~= origin then return nil end
    published = published or record.live_here + record.live_elsewhere > 0 or record.publishers > 0
    viewers = viewers + record.sessions - record.publishers
  end
  if origin == string.sub(seen_elsewhere, 2) then return nil end
  if role == 'publisher' and (published or viewers == 0) then return nil end
  return origin
end

-- Where a new stream goes: as another vhost's, else as one that the Go proxy has placed for a host
-- whose name it dropped, else as proposed.
local function origin_of_new()
  local elsewhere = joined_elsewhere()
  if elsewhere then return elsewhere end
  if seen_elsewhere ~= '' and vhost ~= DEFAULT_VHOST then
    local default = DEFAULT_VHOST .. '/' .. stream
    if redis.call('EXISTS', own('url:' .. default)) == 0 then
      return mapped_origin(default) or proposed
    end
  end
  return proposed
end

local record = adopt(key, cap)
local what, former, reason, cause = 'found', '', '', ''
local live = record and record.live_here + record.live_elsewhere > 0
if record and restores then live = has_rival(record) end
local goes = record and not (restores and record.origin == proposed)

if not record then
  if not make_room(cap) then return answer('full') end
  record = new_record(key, origin_of_new())
  what = 'placed'
  reason = role == 'publisher' and 'to be published' or 'to be viewed'
elseif goes and replaces ~= '0' and replaces == text(record.version) and not (unless_live and live) then
  if settles() and not restores and not inherits then
    return answer('settles', fields_of(record), '', '', '')
  end
  what, former = 'replaced', record.origin
  if restores then
    reason, cause = 'publisher elsewhere', 'publisher'
    place(record, proposed)
  elseif inherits then
    reason, cause = 'superseded', 'superseded'
    follow(record, proposed)
  else
    reason, cause = 'unusable', 'unusable'
    record.pending = nil
    place(record, origin_of_new())
    record.flows, record.stays = false, false
  end
  if not inherits then record.placed = record.version end
  if record.pending and record.pending.to == record.origin then record.pending = nil end
end

local first = what ~= 'found'
set_use(record, tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15]), ARGV[16])
sum_up(record)
local flowed = record.flows
if restores and record.origin == proposed then
  local is_live = tonumber(ARGV[14]) > 0
  record.flows = flowed or is_live or ARGV[19] == '1'
  record.stays = record.stays or is_live or ARGV[20] == '1'
  if first then record.rank, record.claimed = tonumber(ARGV[17]), tonumber(ARGV[18]) end
end
if role == 'publisher' or record.flows then record.fed = true end

local event
if first then
  event = { reason = reason, cause = cause, former = former }
  write_mapping(record)
elseif record.flows and not flowed then
  event = { reason = 'media flows' }
end
write_record(record, event)
return answer(what, fields_of(record), former, reason, cause)
