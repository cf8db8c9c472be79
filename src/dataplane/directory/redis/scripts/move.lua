-- Brings a stream to another origin: at once, or, while anybody publishes it, when the last
-- publisher's session ends. In the settle time anybody may: it waits.
--
-- ARGV[5] key; [6] the origin; [7] the version that is expected, 0 for any; [8] the deadline, ms, ''
-- for none; [9] the cause; [10] 1: its live publisher is there already, and none is where it is now;
-- [11] 1: nothing is to change, the answer is what it would come to, at the version of now.
--
-- Answers `found`, `waits`, `moved`, `missing`, `version`; then the record, and former origin,
-- reason and cause of what became of it.
local key, target, expected, deadline, cause = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local to_publisher, validates = ARGV[10] == '1', ARGV[11] == '1'
if is_outdated_driver() then return answer('outdated') end

local record = read_record(key)
if not record then return answer('missing') end
if expected ~= '0' and expected ~= text(record.version) then
  return answer('version', fields_of(record), '', '', '')
end

local what, event = 'found', nil
if target == record.origin then
  if record.pending then
    record.pending = nil
    event = { reason = 'taken back' }
  end
elseif to_publisher and has_rival(record) then
  what = 'found'
elseif (record.publishers > 0 or settles()) and not to_publisher then
  what = 'waits'
  local pending = record.pending
  if not pending or pending.to ~= target or pending.deadline ~= deadline or pending.cause ~= cause then
    record.pending = { to = target, deadline = deadline, cause = cause }
    event = { reason = 'waits', cause = cause }
  end
else
  what = 'moved'
  event = { reason = to_publisher and 'publisher elsewhere' or 'moved', cause = cause, former = record.origin }
  if not to_publisher or (record.pending and record.pending.to == target) then
    record.pending = nil
  end
  if validates then
    record.origin = target
  else
    place(record, target)
    record.placed = record.version
    record.fed = true
    if not to_publisher then record.stays = true end
    write_mapping(record)
  end
end
if event and not validates then write_record(record, event) end
event = event or {}
return answer(what, fields_of(record), event.former or '', event.reason or '', event.cause or '')
