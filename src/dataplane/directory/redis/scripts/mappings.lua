-- Reads what srs-proxy-url:{key} holds for streams, of each no more than an origin can take.
--
-- ARGV[5] and so on: keys of streams.
--
-- Answers `read`; then a list, of each stream its value, '' for none.
local values = {}
for i = 5, #ARGV do
  local value = redis.pcall('GETRANGE', URL .. ARGV[i], 0, #SERVER + MAX_ID)
  values[i - 4] = type(value) == 'string' and value or ''
end
return answer('read', values)
