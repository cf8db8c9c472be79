-- Writes the registration of an origin, or ends it.
--
-- ARGV[5] its id; [6] the registration, JSON, or '' to end it; [7] the same as the Go proxy has it,
-- or '' to leave that as it is; [8] for how long they are kept, ms; [9] the revision that is
-- expected, '' for any; [10] of an end, 1: also where sessions are live on it; [11] of an end, the
-- origin that superseded it, or ''.
--
-- x-origin:{id} is `{"schema":1,"revision":N,"origin":{...}}`: the revision grows with every change,
-- and is never used twice. x-origins names its key (origins.lua).
--
-- Answers `put`, `ended`, `missing` (there was nothing to end), `newer` (another revision than was
-- expected: nothing was written); then the revision.
local id, record, go_record, ttl = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local expected, at_once, successor = ARGV[9], ARGV[10], ARGV[11]
local own_key, go_key = own('origin:' .. id), SERVER .. id
local index = own('origins')

local known = call('GET', own_key)
local was = known and tonumber(string.match(known, '^{"schema":%d+,"revision":(%d+),')) or 0
if expected ~= '' and was ~= 0 and text(was) ~= expected then return answer('newer', text(was)) end
local revision = text(math.max(was + 1, NOW_US))

if record == '' then
  call('SREM', index, own_key)
  if call('DEL', own_key, go_key) == 0 then return answer('missing', text(was)) end
  feed('origin', 'id', id, 'revision', revision, 'removed', '1', 'at_once', at_once, 'successor',
    successor)
  return answer('ended', revision)
end
local value = '{"schema":1,"revision":' .. revision .. ',"origin":' .. record .. '}'
call('SET', own_key, value, 'PX', ttl)
call('SADD', index, own_key)
if go_record ~= '' then call('SET', go_key, go_record, 'PX', ttl) end
feed('origin', 'id', id, 'revision', revision, 'removed', '0', 'record', value)
return answer('put', revision)
