-- Writes streams as srsproxy has them in Redis, idle and remembered, for benchmarks: for a Redis that
-- nobody uses, as this holds it up.
--
-- ARGV[1] the number of the first one; [2] how many; [3] the number of origins on which they are, in turn;
-- [4] a proxy that is in use of them, `id:boot`, or '' for none.
local first, count, origins, proxy = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local used = proxy ~= '' and '1' or '0'
for i = first, first + count - 1 do
  local stream = 'live/livestream-' .. i
  local key = '__defaultVhost__/' .. stream
  local origin = 'vid-0123456789-' .. i % origins .. '-service-0123456789-12345'
  local hash = 'srs-proxy-x-url:' .. key
  redis.call('SET', 'srs-proxy-url:' .. key, 'srs-proxy-server:' .. origin)
  redis.call('HSET', hash, 'schema', '1', 'origin', origin, 'version', '1764500000000000', 'revision', '3',
    'placed', '1764500000000000', 'claimed', '1764500000000', 'stays', '1', 'flows', '1', 'fed', '1', 'live', used,
    'used', used, 'to', '', 'deadline', '', 'cause', '')
  if proxy ~= '' then
    redis.call('HSET', hash, 'u:' .. proxy, '1 1 1 ' .. origin)
    redis.call('SADD', 'srs-proxy-x-uses:' .. proxy, key)
  end
  redis.call('ZADD', 'srs-proxy-x-streams', used == '1' and 0 or 1764500000000000 + i, key)
  redis.call('HSET', 'srs-proxy-x-vhosts:' .. stream, '__defaultVhost__', '')
end
return count
