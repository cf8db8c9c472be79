#include "dataplane/core/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "dataplane/core/metric_samples.h"

namespace srsproxy {
namespace {

// What is used of /proc/self/stat; the comments are proc(5)'s numbers of the fields.
struct ProcessStat {
  uint64_t user_ticks = 0;      // 14
  uint64_t system_ticks = 0;    // 15
  uint64_t threads = 0;         // 20
  uint64_t start_ticks = 0;     // 22, since boot
  uint64_t virtual_bytes = 0;   // 23
  uint64_t resident_pages = 0;  // 24
};

std::optional<ProcessStat> ReadProcessStat() {
  std::ifstream file("/proc/self/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = text.rfind(')');  // Field 2 may hold spaces and parentheses.
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kFirst = 3;
  if (fields.size() <= 24 - kFirst) return std::nullopt;
  const auto number = [&](size_t field) { return std::stoull(fields[field - kFirst]); };
  return ProcessStat{number(14), number(15), number(20), number(22), number(23), number(24)};
}

std::optional<uint64_t> ReadBootTime() {
  std::ifstream file("/proc/stat");
  for (std::string name; file >> name;) {
    uint64_t seconds = 0;
    if (name == "btime" && file >> seconds) return seconds;
    std::getline(file, name);
  }
  return std::nullopt;
}

std::optional<uint64_t> CountDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  // One of them is the directory that is being read.
  return static_cast<uint64_t>(std::distance(begin(entries), end(entries))) - 1;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](std::string_view name, std::string_view help, MetricType type,
                       double value) {
    families.push_back(MakeFamily(name, help, type));
    AddSample(families.back(), {}, value);
  };
  const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (const std::optional<ProcessStat> stat = ReadProcessStat()) {
    add("process_cpu_seconds_total", "User and system CPU time spent.", MetricType::Counter,
        static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks_per_second);
    add("process_threads", "Threads of the process.", MetricType::Gauge,
        static_cast<double>(stat->threads));
    add("process_virtual_memory_bytes", "Virtual memory size.", MetricType::Gauge,
        static_cast<double>(stat->virtual_bytes));
    add("process_resident_memory_bytes", "Resident memory size.", MetricType::Gauge,
        static_cast<double>(stat->resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    if (const std::optional<uint64_t> boot = ReadBootTime()) {
      add("process_start_time_seconds", "When the process started, in seconds since 1970.",
          MetricType::Gauge,
          static_cast<double>(*boot) + static_cast<double>(stat->start_ticks) / ticks_per_second);
    }
  }
  if (const std::optional<uint64_t> open = CountDescriptors()) {
    add("process_open_fds", "Open file descriptors.", MetricType::Gauge,
        static_cast<double>(*open));
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add("process_max_fds", "The limit of open file descriptors.", MetricType::Gauge,
        static_cast<double>(limit.rlim_cur));
  }
  return families;
}

}  // namespace srsproxy
