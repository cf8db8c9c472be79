-- One decision of an operator for a server: changes of single fields, merged with what is in force;
-- or a proxy's copy of what was in force, for a Redis that has lost it.
--
-- ARGV[5] the server; [6] when it is made, as drain_start is kept; [7] the revision of the caller's
-- copy, 0 for none: the copy counts in place of what Redis has when that is older, and, unless Redis
-- has the history [8], when there is nothing; [9] how many of the arguments that follow are the copy,
-- the others are the changes. Of each field its name and '+' and its value, or '' to clear it:
-- admin_state, weight, zone, labels, capacity, drain_deadline, and of a copy drain_start.
--
-- x-server:{server} is a hash of these fields, drain_start, `schema`, and `revision`, which grows
-- with every change. A drain begins when admin_state becomes `draining`, keeps its start while it
-- stays so, and ends when it does not. Nothing in force: revision alone, for 10 minutes, so that no
-- copy brings back what was cleared. x-origins names its key (origins.lua).
--
-- Answers `changed` or `same`; then the revision, and names and values of what is in force.
local server, made_at, copied, copied_in = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local first_change = 10 + tonumber(ARGV[9])
local CLEARED_MS = 600000
local key = own('server:' .. server)
local NAMES = {
  'admin_state', 'weight', 'zone', 'labels', 'capacity', 'drain_start', 'drain_deadline',
}

local values = call('HMGET', key, 'revision', unpack(NAMES))
local was = tonumber(values[1] or '') or 0
local restores = copied > was and (was > 0 or copied_in ~= history)
local before, after = {}, {}
for i, name in ipairs(NAMES) do
  before[name] = values[i + 1] or nil
  if not restores then after[name] = before[name] end
end
for i = restores and 10 or first_change, #ARGV, 2 do
  local value = ARGV[i + 1]
  after[ARGV[i]] = value ~= '' and string.sub(value, 2) or nil
end
if after.admin_state ~= 'draining' then
  after.drain_start, after.drain_deadline = nil, nil
else
  after.drain_start = after.drain_start or made_at
end

local in_force, cleared, differs = {}, {}, false
for _, name in ipairs(NAMES) do
  differs = differs or before[name] ~= after[name]
  if after[name] then
    in_force[#in_force + 1] = name
    in_force[#in_force + 1] = after[name]
  elseif before[name] then
    cleared[#cleared + 1] = name
  end
end
if not differs and not restores then return answer('same', text(was), in_force) end

local revision = restores and copied or was
if first_change <= #ARGV then revision = math.max(revision + 1, NOW_US) end
revision = text(revision)
if #cleared > 0 then call('HDEL', key, unpack(cleared)) end
call('HSET', key, 'schema', '1', 'revision', revision, unpack(in_force))
call('SADD', own('origins'), key)
if #in_force > 0 then
  call('PERSIST', key)
else
  call('PEXPIRE', key, CLEARED_MS)
end
feed('decision', 'server', server, 'revision', revision, unpack(in_force))
return answer('changed', revision, in_force)
