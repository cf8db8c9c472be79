-- Binds a stream to the origins of a server, or frees it.
--
-- ARGV[5] key; [6] the server, '' to free it; [7] how many pins there are at most.
--
-- Answers `pinned`, `unpinned`, `missing`, `full`; then the server that it is or was bound to.
local key, server, cap = ARGV[5], ARGV[6], tonumber(ARGV[7])
local pins = own('pins')
local known = call('HGET', pins, key)
if server == '' then
  if not known then return answer('missing') end
  call('HDEL', pins, key)
  feed('pin', 'key', key, 'server', '')
  return answer('unpinned', known)
end
if not known and call('HLEN', pins) >= cap then return answer('full') end
if known ~= server then
  call('HSET', pins, key, server)
  feed('pin', 'key', key, 'server', server)
end
return answer('pinned', server)
