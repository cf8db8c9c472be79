#include "dataplane/protocol/srs_api/summary.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace srsproxy::srs_api {
namespace {

namespace json = boost::json;

enum class Rule : uint8_t { kSum, kMean, kMax, kMin, kSame };

struct Field {
  std::string_view name;
  Rule rule;
};

// `cpu_percent` is in processors here, and in all of the machine below.
constexpr Field kSelf[] = {
    {"version", Rule::kSame},     {"pid", Rule::kSame},        {"ppid", Rule::kSame},
    {"argv", Rule::kSame},        {"cwd", Rule::kSame},        {"mem_kbyte", Rule::kSum},
    {"mem_percent", Rule::kMean}, {"cpu_percent", Rule::kSum}, {"srs_uptime", Rule::kMin},
};

// "ilde" is SRS's spelling.
constexpr Field kSystem[] = {
    {"cpu_percent", Rule::kMean},
    {"disk_read_KBps", Rule::kSum},
    {"disk_write_KBps", Rule::kSum},
    {"disk_busy_percent", Rule::kMean},
    {"mem_ram_kbyte", Rule::kSum},
    {"mem_ram_percent", Rule::kMean},
    {"mem_swap_kbyte", Rule::kSum},
    {"mem_swap_percent", Rule::kMean},
    {"cpus", Rule::kSum},
    {"cpus_online", Rule::kSum},
    {"uptime", Rule::kMin},
    {"ilde_time", Rule::kMin},
    {"load_1m", Rule::kSum},
    {"load_5m", Rule::kSum},
    {"load_15m", Rule::kSum},
    {"net_sample_time", Rule::kMax},
    {"net_recv_bytes", Rule::kSum},
    {"net_send_bytes", Rule::kSum},
    {"net_recvi_bytes", Rule::kSum},
    {"net_sendi_bytes", Rule::kSum},
    {"srs_sample_time", Rule::kMax},
    {"srs_recv_bytes", Rule::kSum},
    {"srs_send_bytes", Rule::kSum},
    {"conn_sys", Rule::kSum},
    {"conn_sys_et", Rule::kSum},
    {"conn_sys_tw", Rule::kSum},
    {"conn_sys_udp", Rule::kSum},
    {"conn_srs", Rule::kSum},
};

json::string_view Key(std::string_view name) { return {name.data(), name.size()}; }

// An integer as long as both are, and the sum is one.
json::value Sum(const json::value& a, const json::value& b) {
  int64_t sum = 0;
  if (a.is_int64() && b.is_int64() && !__builtin_add_overflow(a.get_int64(), b.get_int64(), &sum)) {
    return sum;
  }
  return a.to_number<double>() + b.to_number<double>();
}

bool Less(const json::value& a, const json::value& b) {
  return a.to_number<double>() < b.to_number<double>();
}

json::value MergeNumbers(Rule rule, const std::vector<const json::value*>& values) {
  json::value merged = *values.front();
  for (const json::value* value : std::span(values).subspan(1)) {
    if (rule == Rule::kSum || rule == Rule::kMean) {
      merged = Sum(merged, *value);
    } else if (rule == Rule::kMax ? Less(merged, *value) : Less(*value, merged)) {
      merged = *value;
    }
  }
  if (rule == Rule::kMean) return merged.to_number<double>() / static_cast<double>(values.size());
  return merged;
}

// nullopt: there is nothing to report.
std::optional<json::value> MergeField(const Field& field,
                                      std::span<const json::object* const> objects) {
  std::vector<const json::value*> values;
  for (const json::object* object : objects) {
    const auto* value = object->if_contains(Key(field.name));
    if (value != nullptr && (field.rule == Rule::kSame || value->is_number())) {
      values.push_back(value);
    }
  }
  if (values.empty()) return std::nullopt;
  if (field.rule != Rule::kSame) return MergeNumbers(field.rule, values);
  const auto same = [&values](const json::value* value) { return *value == *values.front(); };
  if (!std::all_of(values.begin(), values.end(), same)) return std::nullopt;
  return *values.front();
}

json::object MergeFields(std::span<const Field> fields,
                         std::span<const json::object* const> objects) {
  json::object merged;
  for (const Field& field : fields) {
    if (auto value = MergeField(field, objects)) merged[Key(field.name)] = *std::move(value);
  }
  return merged;
}

std::vector<const json::object*> Parts(std::span<const json::object* const> servers,
                                       std::string_view name) {
  std::vector<const json::object*> parts;
  for (const json::object* server : servers) {
    const auto* part = server->if_contains(Key(name));
    if (part != nullptr && part->is_object()) parts.push_back(&part->get_object());
  }
  return parts;
}

}  // namespace

json::object MergeSummaryData(std::span<const json::object* const> servers) {
  const auto is_ok = [](const json::object* server) {
    const auto* ok = server->if_contains("ok");
    return ok != nullptr && ok->is_bool() && ok->get_bool();
  };
  json::object merged;
  merged["ok"] = std::all_of(servers.begin(), servers.end(), is_ok);
  if (auto now = MergeField({"now_ms", Rule::kMax}, servers)) merged["now_ms"] = *std::move(now);
  merged["self"] = MergeFields(kSelf, Parts(servers, "self"));
  merged["system"] = MergeFields(kSystem, Parts(servers, "system"));
  return merged;
}

}  // namespace srsproxy::srs_api
