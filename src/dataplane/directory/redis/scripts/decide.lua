-- One decision of an operator for a server: changes of single fields, merged with what is in force.
--
-- ARGV[5] the server; [6] when it is made, as drain_start is kept; then for each field that changes
-- its name and '+' and its value, or '' to clear it: admin_state, weight, zone, labels, capacity,
-- drain_deadline.
--
-- x-server:{server} is a hash of these fields, drain_start, `schema`, and `revision`, which grows
-- with every change. A drain begins when admin_state becomes `draining`, keeps its start while it
-- stays so, and ends when it does not. Nothing in force: there is no hash.
--
-- Answers `changed` or `same`; then the revision, and names and values of what is in force.
local server, made_at = ARGV[5], ARGV[6]
local key = own('server:' .. server)
local NAMES = {
  'admin_state', 'weight', 'zone', 'labels', 'capacity', 'drain_start', 'drain_deadline',
}

local values = call('HMGET', key, 'revision', unpack(NAMES))
local was = tonumber(values[1] or '') or 0
local before, after = {}, {}
for i, name in ipairs(NAMES) do
  before[name] = values[i + 1] or nil
  after[name] = before[name]
end
for i = 7, #ARGV, 2 do
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
if not differs then return answer('same', text(was), in_force) end

local revision = text(math.max(was + 1, NOW_US))
if #cleared > 0 then call('HDEL', key, unpack(cleared)) end
if #in_force > 0 then
  call('HSET', key, 'schema', '1', 'revision', revision, unpack(in_force))
else
  call('DEL', key)
end
feed('decision', 'server', server, 'revision', revision, unpack(in_force))
return answer('changed', revision, in_force)
