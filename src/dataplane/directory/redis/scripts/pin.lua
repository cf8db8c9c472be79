-- Binds a stream to the origins of a server, or frees it; or writes a proxy's copy of that, for a
-- Redis that has lost it.
--
-- ARGV[5] key; [6] the revision of the caller's copy, 0 for none, and [7] the server of that, ''
-- when it was freed: the copy counts unless Redis has that revision or a later one; [8] how many
-- pins there are at most; [9] the server, '' to free it; absent: the copy is all that is written.
--
-- x-pins is a hash, by stream: `revision server`. The revision grows with every change. Of a stream
-- that was freed it is x-unpinned:{key}, for 10 minutes, so that no copy binds it again.
--
-- Answers `pinned`, `unpinned`, `missing` (there is nothing to free), `full` (nothing was written);
-- then the server that it is bound to, '' for none, the revision, and the server before.
local key, copied, copy = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local cap, wanted = tonumber(ARGV[8]), ARGV[9]
local UNPINNED_MS = 600000
local pins, mark = own('pins'), own('unpinned:' .. key)

local known = call('HGET', pins, key)
local was, server = 0, ''
if known then
  local revision, name = string.match(known, '^(%d+) (.+)$')
  was, server = tonumber(revision or 0), name or known
else
  local freed = call('GET', mark)
  was = is_number(freed) and tonumber(freed) or 0
end
local revision = was
if copied > was then revision, server = copied, copy end
local former = server
if wanted == '' and server == '' then return answer('missing', '', text(revision), '') end
if wanted and wanted ~= server then
  server, revision = wanted, math.max(revision + 1, NOW_US)
end
if server ~= '' and not known and call('HLEN', pins) >= cap then
  return answer('full', '', '0', '')
end

if revision ~= was then
  if server ~= '' then
    call('HSET', pins, key, text(revision) .. ' ' .. server)
    redis.call('DEL', mark)
  else
    call('HDEL', pins, key)
    redis.call('SET', mark, text(revision), 'PX', UNPINNED_MS)
  end
  feed('pin', 'key', key, 'server', server, 'revision', text(revision))
end
return answer(server ~= '' and 'pinned' or 'unpinned', server, text(revision), former)
