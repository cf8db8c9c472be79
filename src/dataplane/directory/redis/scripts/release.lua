-- Forgets where a stream is.
--
-- ARGV[5] key; [6] the version that is expected, 0 for any; [7] 1: also when sessions use it; [8]
-- the reason.
--
-- Answers `removed`, `missing`, `version`, `used`; then the record as it was.
local key, expected, force, reason = ARGV[5], ARGV[6], ARGV[7] == '1', ARGV[8]
if is_outdated_driver() then return answer('outdated') end

local record = read_record(key)
if not record then return answer('missing') end
if expected ~= '0' and expected ~= text(record.version) then
  return answer('version', fields_of(record), '', '', '')
end
if record.sessions > 0 and not force then return answer('used', fields_of(record), '', '', '') end
-- Who uses it has to learn of it, also of one that is provisional.
if record.sessions > 0 then record.fed = true end
remove_record(record, { reason = reason })
return answer('removed', fields_of(record), '', reason, '')
