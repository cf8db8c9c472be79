-- Removes keys that hold a value of another type than we keep there, since nothing could be written
-- to them any more.
--
-- ARGV[5], [7] and so on: names of keys; [6], [8]: the types that they are to have, as TYPE has them.
--
-- Answers `looked`.
for i = 5, #ARGV, 2 do
  local kept = redis.call('TYPE', ARGV[i]).ok
  if kept ~= 'none' and kept ~= ARGV[i + 1] then heal(ARGV[i]) end
end
return answer('looked')
