-- Writes what a proxy's sessions of a stream are now, and does what follows from it: a publisher
-- becomes live or ends, a pending move is done, a stream becomes idle or goes. Writing the same
-- again changes nothing.
--
-- ARGV[5] key; [6 to 9] publishers, live ones, sessions (an upper bound), the origin of the live
-- ones; [10] `publisher` or `viewer`: this one's media flows now and it asks to be accepted, '' for
-- none; [11] the version (0: one that no script gave) and [12] the origin of the mapping that it
-- claimed; [13] how many streams
-- are remembered at most.
--
-- Answers `found`, `refused` (the one that asked is not where the stream is; its use counts without
-- it), `missing` (there is no record; nothing was written), `removed`, `settles` (a move, or the
-- removal, waits for the end of the settle time: to be written again then; for the driver, nothing
-- was written); then the record, and former origin, reason and cause of what became of it.
local key = ARGV[5]
local publishers, live, sessions, origin = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local asks, claimed_version, claimed_origin = ARGV[10], tonumber(ARGV[11]), ARGV[12]
local cap = tonumber(ARGV[13])
if is_outdated_driver() then return answer('outdated') end

local record = adopt(key, cap)
if not record then
  call('SREM', own('uses:' .. me), key)
  return answer('missing')
end
local settling = settles()
if settling and driver ~= '' then return answer('settles', fields_of(record), '', '', '') end

-- Stands: it is where the stream is, or where the origin was that the stream has followed.
local function stands()
  return claimed_version >= record.placed or claimed_origin == record.origin
end

local function is_published_on(origin_id)
  for _, use in pairs(record.uses) do
    if use.live > 0 and use.origin == origin_id then return true end
  end
  return false
end

local what = 'found'
local was_live, was_used, was_fed = record.live, record.used, record.fed
local was_live_here = record.live_here > 0
local first_media, accepted = false, false
if asks ~= '' then
  if stands() then
    first_media = not record.flows
    record.flows, record.fed = true, true
    if asks == 'publisher' then
      record.stays = true
      live, origin, accepted = live + 1, record.origin, true
    end
  elseif asks == 'publisher' or not is_published_on(claimed_origin) then
    what = 'refused'
  end
end
if publishers > 0 then record.fed = true end

local before = call('HGET', own('url:' .. key), 'u:' .. me)
set_use(record, publishers, live, sessions, origin)
local after = record.uses[me] and format_use(record.uses[me]) or false
sum_up(record)

local event
local is_live, is_used = record.live_here + record.live_elsewhere > 0, record.sessions > 0
local moves, leaves = record.pending and record.publishers == 0, not is_used and not record.stays
if moves and not settling then
  local pending = record.pending
  event = { reason = 'moved at its end', cause = pending.cause, former = record.origin }
  place(record, pending.to)
  record.placed, record.pending, record.stays, record.fed = record.version, nil, true, true
  write_mapping(record)
elseif accepted and not was_live_here then
  event = { reason = 'publisher live' }
elseif first_media and not (is_live and not was_live) then
  event = { reason = 'media flows' }
end

if not is_used and not record.stays and not settling then
  record.used, record.live = false, false
  local last = { reason = 'last session' }
  remove_record(record, last)
  return answer('removed', fields_of(record), '', last.reason, '')
end

local changed = before ~= after or record.fed ~= was_fed or is_live ~= was_live or is_used ~= was_used
if event or changed then
  if record.fed and not was_fed then make_room(cap) end
  event = write_record(record, event)
elseif not record.fed then
  call('PEXPIRE', own('url:' .. key), PROVISIONAL_MS)
  call('PEXPIRE', URL .. key, PROVISIONAL_MS)
  settle_index(select(2, split_key(key)))
end
event = event or {}
if settling and what == 'found' and (moves or leaves) then what = 'settles' end
return answer(what, fields_of(record), event.former or '', event.reason or '', event.cause or '')
