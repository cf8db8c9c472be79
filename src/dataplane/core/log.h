// The structured log: a message and named values, one line each, as text or JSON.
//
//   logger.Info("origin registered", {{"origin", id}, {"streams", 3}});
//   2026-01-02T03:04:05.678Z INFO origin registered origin=a-b-c streams=3
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","message":"origin registered",...}
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/redactor.h"

namespace srsproxy {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : uint8_t { kText, kJson };

constexpr auto NamesOf(LogLevel) {
  return EnumNames<LogLevel>({{LogLevel::kDebug, "debug"},
                              {LogLevel::kInfo, "info"},
                              {LogLevel::kWarn, "warn"},
                              {LogLevel::kError, "error"}});
}

// A named value of a log line. Holds views: made where the log is called, never kept.
struct LogField {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  LogField(std::string_view field, std::string_view text) : key(field), value(text) {}
  LogField(std::string_view field, const char* text) : key(field), value(std::string_view(text)) {}
  LogField(std::string_view field, const std::string& text)
      : key(field), value(std::string_view(text)) {}
  LogField(std::string_view field, bool truth) : key(field), value(truth) {}
  LogField(std::string_view field, std::floating_point auto number)
      : key(field), value(static_cast<double>(number)) {}
  LogField(std::string_view field, std::signed_integral auto number)
      : key(field), value(static_cast<int64_t>(number)) {}
  LogField(std::string_view field, std::unsigned_integral auto number)
      : key(field), value(static_cast<uint64_t>(number)) {}

  std::string_view key;
  Value value;
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  std::vector<std::string> redact = {};  // See Redactor.
  size_t queue_lines = 4096;             // Lines that may wait to be written.

  // Takes each line, without its newline, on the log's own thread. Empty: standard error.
  std::function<void(std::string_view line)> sink = {};
};

// Thread-safe and never blocking: lines are made by the caller and written by a thread of the
// logger. When the writing falls behind, the oldest waiting line is dropped and counted.
class Logger {
 public:
  explicit Logger(LogOptions options);
  ~Logger();  // Writes what is waiting; a sink that blocks for longer than 1 s is left alone.

  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  using Fields = std::initializer_list<LogField>;
  void Debug(std::string_view message, Fields fields = {}) const;
  void Info(std::string_view message, Fields fields = {}) const;
  void Warn(std::string_view message, Fields fields = {}) const;
  void Error(std::string_view message, Fields fields = {}) const;
  void Log(LogLevel level, std::string_view message, Fields fields = {}) const;

  bool Enabled(LogLevel level) const;

  // Level, format and redaction of the lines that are logged from now on; the rest is ignored.
  void Configure(const LogOptions& options);

  // Lines dropped, or lost by the sink, since the start.
  uint64_t dropped() const;

 private:
  class Writer;
  struct Style {
    LogFormat format;
    Redactor redactor;
  };

  std::atomic<LogLevel> level_;
  mutable std::mutex style_mutex_;  // Guards style_.
  std::shared_ptr<const Style> style_;
  const std::unique_ptr<Writer> writer_;
};

}  // namespace srsproxy
