// WorkerMetrics: what one thread counts for each session or more often, without a lock. Each metric
// is one row: its name, what it is and its labels, which are closed lists.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/listener.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/session.h"

namespace srsproxy {

// As seen from the client's side of this proxy.
enum class Direction : uint8_t { kIn, kOut };
constexpr auto NamesOf(Direction) {
  return EnumNames<Direction>({{Direction::kIn, "in"}, {Direction::kOut, "out"}});
}

// A number that one thread changes and any thread reads.
class RelaxedNumber {
 public:
  void Add(int64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  int64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// The values that a label can have: how many, where one stands among them, and the text of each.
template <typename Label>
struct LabelValues;

template <NamedEnum Enum>
struct LabelValues<Enum> {
  static constexpr size_t kSize = kEnumSize<Enum>;
  static constexpr size_t IndexOf(Enum value) { return ToIndex(value); }
  static std::string TextAt(size_t index) { return std::string(kEnumTable<Enum>[index].name); }
};

template <>
struct LabelValues<Listener> {
  static constexpr size_t kSize = kCountedListeners;
  static constexpr size_t IndexOf(Listener listener) { return static_cast<size_t>(listener); }
  static std::string TextAt(size_t index) { return std::string(kListeners[index].name()); }
};

// A status of HTTP. Those above are counted as the highest.
struct HttpStatus {
  unsigned number = 0;
};

template <>
struct LabelValues<HttpStatus> {
  static constexpr size_t kSize = 600;
  static constexpr size_t IndexOf(HttpStatus status) {
    return std::min<size_t>(status.number, kSize - 1);
  }
  static std::string TextAt(size_t index) { return std::to_string(index); }
};

// One row, and its numbers: one for each combination of its labels' values, the last label's next
// to each other.
struct WorkerMetricRow {
  struct Label {
    std::string_view name;
    size_t size;
    std::string (*text_at)(size_t index);
  };
  std::string_view name;
  std::string_view help;
  prometheus::MetricType type = prometheus::MetricType::Counter;
  bool zeros = true;  // Shown too.
  std::vector<Label> labels;
  std::span<const RelaxedNumber> numbers;
};

// The numbers of one thread. Only that thread calls the members; a scrape sums over the threads.
class alignas(64) WorkerMetrics {
 public:
  WorkerMetrics() = default;
  WorkerMetrics(const WorkerMetrics&) = delete;
  WorkerMetrics& operator=(const WorkerMetrics&) = delete;

  void ConnectionOpened(Listener listener) { connections_.Add(1, listener); }
  void ConnectionClosed(Listener listener) { connections_.Add(-1, listener); }

  void SessionStarted(Protocol protocol, Role role) {
    started_.Add(1);
    sessions_.Add(1, protocol, role);
  }
  // The counterpart of SessionStarted. Its bytes were counted by AddBytes as they flowed.
  void SessionEnded(const SessionEnd& end) {
    sessions_.Add(-1, end.protocol, end.role);
    ended_.Add(1, end.protocol, end.role, end.side, end.reason);
  }

  void AddBytes(Protocol protocol, Role role, Direction direction, uint64_t bytes) {
    bytes_.Add(static_cast<int64_t>(bytes), protocol, role, direction);
  }

  // An answer to a client's request over HTTP.
  void CountHttpResponse(Protocol protocol, unsigned status) {
    responses_.Add(1, protocol, HttpStatus{status});
  }

 private:
  friend class WorkerTotals;

  using Rows = std::vector<WorkerMetricRow>;
  enum class Zeros : bool { kHidden, kShown };

  template <prometheus::MetricType kType, Zeros kZeros, typename... Labels>
  class Numbers {
   public:
    using Names = std::array<std::string_view, sizeof...(Labels)>;

    Numbers(Rows& rows, std::string_view name, std::string_view help, const Names& labels) {
      size_t i = 0;
      rows.push_back({name,
                      help,
                      kType,
                      kZeros == Zeros::kShown,
                      {WorkerMetricRow::Label{labels[i++], LabelValues<Labels>::kSize,
                                              &LabelValues<Labels>::TextAt}...},
                      numbers_});
    }

    void Add(int64_t amount, Labels... labels) { numbers_[IndexOf(labels...)].Add(amount); }
    const RelaxedNumber& At(Labels... labels) const { return numbers_[IndexOf(labels...)]; }

   private:
    static size_t IndexOf(Labels... labels) {
      size_t index = 0;
      ((index = index * LabelValues<Labels>::kSize + LabelValues<Labels>::IndexOf(labels)), ...);
      return index;
    }

    std::array<RelaxedNumber, (LabelValues<Labels>::kSize * ...)> numbers_;
  };
  template <typename... Labels>
  using Gauge = Numbers<prometheus::MetricType::Gauge, Zeros::kShown, Labels...>;
  template <typename... Labels>
  using Counter = Numbers<prometheus::MetricType::Counter, Zeros::kShown, Labels...>;
  template <typename... Labels>
  using SparseCounter = Numbers<prometheus::MetricType::Counter, Zeros::kHidden, Labels...>;

  RelaxedNumber started_;  // Sessions.
  Rows rows_;              // Of the metrics below, in their order.
  Gauge<Listener> connections_{
      rows_, "srsproxy_connections", "Open client connections.", {"listener"}};
  Gauge<Protocol, Role> sessions_{
      rows_, "srsproxy_sessions", "Sessions in progress.", {"protocol", "role"}};
  SparseCounter<Protocol, Role, Side, EndReason> ended_{
      rows_,
      "srsproxy_sessions_total",
      "Sessions that have ended, by the side that ended them and why.",
      {"protocol", "role", "side", "reason"}};
  Counter<Protocol, Role, Direction> bytes_{rows_,
                                            "srsproxy_bytes_total",
                                            "Bytes relayed, in from clients and out to clients.",
                                            {"protocol", "role", "direction"}};
  SparseCounter<Protocol, HttpStatus> responses_{
      rows_,
      "srsproxy_http_responses_total",
      "Answers to requests of clients for media over HTTP.",
      {"protocol", "code"}};
};

// All sessions since the start.
struct Traffic {
  uint64_t sessions_begun = 0;
  uint64_t bytes_in = 0;   // From clients.
  uint64_t bytes_out = 0;  // To clients.
};

// The sums over the threads. Thread-safe.
class WorkerTotals final : public prometheus::Collectable {
 public:
  WorkerTotals() { Add(); }

  // Lives as long as this.
  WorkerMetrics& Add();

  Traffic traffic() const;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // Called with mutex_ held.
  prometheus::MetricFamily Family(size_t row_index) const;

  mutable std::mutex mutex_;  // Guards the list; what is in it needs no lock.
  // The first is no thread's: it has the rows before any thread counts.
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;
};

}  // namespace srsproxy
