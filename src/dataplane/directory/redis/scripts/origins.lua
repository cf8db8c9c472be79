-- Brings x-origins in line with the keys that it is to name: those of x-origin:{id} and
-- x-server:{server}, which register.lua and decide.lua add, and which go by themselves when their time
-- is over.
--
-- ARGV[5] 1: with these keys all are named, and who reads it need not look for others; [6] and so on:
-- names of keys.
--
-- Answers `looked`.
local index = own('origins')
for i = 6, #ARGV do
  call(redis.call('EXISTS', ARGV[i]) == 1 and 'SADD' or 'SREM', index, ARGV[i])
end
if ARGV[5] == '1' then call('SADD', index, 'complete') end
return answer('looked')
