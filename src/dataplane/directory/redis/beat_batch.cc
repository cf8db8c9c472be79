#include "dataplane/directory/redis/beat_batch.h"

#include <cmath>
#include <optional>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "dataplane/core/status.h"
#include "dataplane/core/text.h"

namespace srsproxy::redis {
namespace {

constexpr char kHeartbeat = 'h';
constexpr char kRegistered = 'r';
constexpr char kInUse = 'u';
constexpr absl::string_view kAbsent = "-";
constexpr size_t kColumns = 7;

template <typename Number>
std::string Format(const std::optional<Number>& number) {
  return number.has_value() ? absl::StrCat(*number) : std::string(kAbsent);
}

// Nullopt also for what is no number above or at 0.
std::optional<double> ParseRatio(absl::string_view text) {
  double ratio = 0;
  if (!absl::SimpleAtod(text, &ratio) || !std::isfinite(ratio) || ratio < 0) return std::nullopt;
  return ratio;
}

std::optional<int64_t> ParseCount(absl::string_view text) {
  int64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 0) return std::nullopt;
  return count;
}

void AppendLine(char kind, bool refreshed, const LoadReport& load, std::string_view id,
                std::string& out) {
  absl::StrAppend(&out, std::string(1, kind), refreshed ? "1" : "0", "\t", Format(load.cpu_ratio),
                  "\t", Format(load.memory_ratio), "\t", Format(load.connections), "\t",
                  Format(load.streams), "\t", Format(load.bits_per_second), "\t", ToAbsl(id), "\n");
}

void ParseLine(absl::string_view line, BeatBatch& into) {
  const std::vector<absl::string_view> columns = absl::StrSplit(line, '\t');
  if (columns.size() < kColumns || columns[0].size() != 2) return;
  std::string id(columns[kColumns - 1]);
  if (id.empty() || !IsPrintableUtf8(id)) return;
  const char kind = columns[0][0];
  if (kind == kInUse) {
    into.in_use.push_back(std::move(id));
    return;
  }
  if (kind != kHeartbeat && kind != kRegistered) return;
  BeatBatch::Beat beat{.beat = {.origin_id = std::move(id), .registered = kind == kRegistered},
                       .refreshed = columns[0][1] == '1'};
  beat.beat.load = {.cpu_ratio = ParseRatio(columns[1]),
                    .memory_ratio = ParseRatio(columns[2]),
                    .connections = ParseCount(columns[3]),
                    .streams = ParseCount(columns[4]),
                    .bits_per_second = ParseCount(columns[5])};
  into.beats.push_back(std::move(beat));
}

}  // namespace

std::string FormatBeats(const BeatBatch& batch) {
  std::string text;
  for (const auto& [beat, refreshed] : batch.beats) {
    AppendLine(beat.registered ? kRegistered : kHeartbeat, refreshed, beat.load, beat.origin_id,
               text);
  }
  for (const std::string& id : batch.in_use) AppendLine(kInUse, true, {}, id, text);
  return text;
}

BeatBatch ParseBeats(std::string_view text) {
  BeatBatch batch;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n', absl::SkipEmpty())) {
    if (batch.beats.size() + batch.in_use.size() >= BeatBatch::kMaxOrigins) break;
    ParseLine(line, batch);
  }
  return batch;
}

}  // namespace srsproxy::redis
