#include "dataplane/core/log.h"

#include <unistd.h>

#include <cmath>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>

#include "dataplane/core/log_writer.h"
#include "dataplane/core/status.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

// `text` so that it stays on one line and, within quotes, reads back as a JSON string (RFC 8259,
// section 7). What is not UTF-8 becomes U+FFFD.
std::string Escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view sequence = text.substr(0, Utf8SequenceLength(text));
    if (sequence.empty()) {
      out.append("\uFFFD");
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(sequence.size());
    const char c = sequence.front();
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\r') {
      out.append("\\r");
    } else if (c == '\t') {
      out.append("\\t");
    } else if (IsControl(sequence)) {
      // The code point of a control character is its last byte.
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(sequence.back()));
    } else {
      out.append(sequence);
    }
  }
  return out;
}

std::string QuotedText(std::string_view text) { return absl::StrCat("\"", Escaped(text), "\""); }

// A value of a text line: in quotes unless it can be separated from what follows without them.
std::string Word(std::string_view text) {
  std::string escaped = Escaped(text);
  const bool plain = !text.empty() && escaped == text && text.find_first_of(" =") == text.npos;
  return plain ? escaped : absl::StrCat("\"", escaped, "\"");
}

// A value with its secrets hidden, as it stands in a line of the format.
void AppendValue(std::string& out, const LogField& field, LogFormat format,
                 const Redactor& redactor) {
  if (redactor.IsSecret(field.key)) {
    out.append(format == LogFormat::kJson ? "\"***\"" : "***");
    return;
  }
  const auto append = [&](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string_view>) {
      const std::string text = redactor.Redact(value);
      out.append(format == LogFormat::kJson ? QuotedText(text) : Word(text));
    } else if constexpr (std::is_same_v<Value, bool>) {
      out.append(value ? "true" : "false");
    } else if constexpr (std::is_same_v<Value, double>) {
      if (std::isfinite(value)) {
        absl::StrAppendFormat(&out, "%.15g", value);
      } else {
        out.append("null");  // JSON has no other word for it.
      }
    } else {
      absl::StrAppend(&out, value);
    }
  };
  std::visit(append, field.value);
}

// As log_writer wants it.
LogWriter::Sink SinkOf(std::function<void(std::string_view)> sink) {
  if (!sink) return [](std::string_view line) { return WriteLineTo(STDERR_FILENO, line); };
  return [sink = std::move(sink)](std::string_view line) {
    sink(line);
    return true;
  };
}

}  // namespace

class Logger::Writer : public LogWriter {
 public:
  using LogWriter::LogWriter;
};

Logger::Logger(LogOptions options)
    : level_(options.level),
      style_(std::make_shared<const Style>(Style{options.format, Redactor(options.redact)})),
      writer_(std::make_unique<Writer>(options.queue_lines, SinkOf(std::move(options.sink)))) {}

Logger::~Logger() = default;

bool Logger::Enabled(LogLevel level) const { return level >= level_; }

void Logger::Configure(const LogOptions& options) {
  level_ = options.level;
  auto style = std::make_shared<const Style>(Style{options.format, Redactor(options.redact)});
  const std::lock_guard lock(style_mutex_);
  style_ = std::move(style);
}

uint64_t Logger::dropped() const { return writer_->dropped(); }

void Logger::Debug(std::string_view message, Fields fields) const {
  Log(LogLevel::kDebug, message, fields);
}

void Logger::Info(std::string_view message, Fields fields) const {
  Log(LogLevel::kInfo, message, fields);
}

void Logger::Warn(std::string_view message, Fields fields) const {
  Log(LogLevel::kWarn, message, fields);
}

void Logger::Error(std::string_view message, Fields fields) const {
  Log(LogLevel::kError, message, fields);
}

void Logger::Log(LogLevel level, std::string_view message, Fields fields) const {
  if (!Enabled(level)) return;
  const auto style = [this] {
    const std::lock_guard lock(style_mutex_);
    return style_;
  }();
  const Redactor& redactor = style->redactor;
  const std::string time =
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  std::string line;
  if (style->format == LogFormat::kText) {
    absl::StrAppend(&line, time, " ", absl::AsciiStrToUpper(ToAbsl(ToName(level))), " ");
    line.append(Escaped(redactor.Redact(message)));
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", ToAbsl(field.key), "=");
      AppendValue(line, field, style->format, redactor);
    }
  } else {
    absl::StrAppend(&line, R"({"time":")", time, R"(","level":")", ToAbsl(ToName(level)),
                    R"(","message":)");
    line.append(QuotedText(redactor.Redact(message)));
    for (const LogField& field : fields) {
      absl::StrAppend(&line, ",", QuotedText(field.key), ":");
      AppendValue(line, field, style->format, redactor);
    }
    line.push_back('}');
  }
  writer_->Write(std::move(line));
}

}  // namespace srsproxy
