-- The settle time, as one proxy sees it: begins it, says who is awaited, ends it for the caller.
--
-- ARGV[5] 1: the caller had lost Redis, and is back; [6] the token of the history in which it has
-- written all that its sessions use, '' for none; [7] 1: it has not, and is to be waited for; [8] and
-- so on: the proxies that it knew to be alive.
--
-- Answers `settles` or `settled`.
if ARGV[5] == '1' then begin_settling() end
if not settles() then return answer('settled') end

-- A set that is empty is gone, and its end with it: the members first.
local awaits_anybody = call('SISMEMBER', SETTLE, '?') == 1
if awaits_anybody or ARGV[5] == '1' then call('SADD', SETTLE, me) end
if awaits_anybody then
  for i = 8, #ARGV do redis.call('SADD', SETTLE, ARGV[i]) end
  redis.call('SREM', SETTLE, '?')
end
local is_waited_for = ARGV[7] == '1' and call('SISMEMBER', SETTLE, me) == 1
if is_waited_for or redis.call('PTTL', SETTLE) < 0 then redis.call('PEXPIRE', SETTLE, SETTLE_MS) end
if ARGV[6] ~= '' and ARGV[6] == history then call('SREM', SETTLE, me) end
return answer(settles() and 'settles' or 'settled')
