#include "dataplane/directory/redis/go_scan.h"

#include <utility>

#include "dataplane/directory/redis/stream_scripts.h"

namespace srsproxy::redis {
namespace {

// Redis looks at as many keys of any kind for a page.
constexpr char kAtOnce[] = "200";

}  // namespace

void GoScan::Tick() {
  pages_left_ = kPagesAtOnce;
  if (asking_) return;
  const MonotonicTime now = clock_.Now();
  if (cursor_.empty()) {
    if (begun_ != MonotonicTime() && now - begun_ < absl::ToChronoNanoseconds(kInterval)) return;
    begun_ = now;
    cursor_ = "0";
  }
  AskForPage();
}

void GoScan::AskForPage() {
  asking_ = true;
  --pages_left_;
  const std::string pattern = keys_.Pattern(KeyKind::kUrl);
  const std::string_view scan[] = {"SCAN", cursor_, "MATCH", pattern, "COUNT", kAtOnce};
  link_.Call("scan", scan, [this](const absl::StatusOr<Reply>& reply) {
    asking_ = false;
    if (reply.ok()) return TakePage(*reply);
    cursor_.clear();
  });
}

void GoScan::TakePage(const Reply& reply) {
  const auto parts = reply.AsArrayOf(2);
  const auto next = parts.ok() ? (*parts)[0].AsText() : parts.status();
  const auto found = parts.ok() ? (*parts)[1].AsTexts() : parts.status();
  cursor_ = next.ok() && *next != "0" ? std::string(*next) : "";
  if (!cursor_.empty() && pages_left_ > 0) AskForPage();
  if (!found.ok() || found->empty()) return;
  std::vector<std::string_view> read = {"MGET"};
  std::vector<std::string> names;
  for (const std::string_view key : *found) {
    const auto name = keys_.NameIn(KeyKind::kUrl, key);
    if (!name.has_value()) continue;
    read.push_back(key);
    names.emplace_back(*name);
  }
  if (names.empty()) return;
  link_.Call("scan", read,
             [this, names = std::move(names)](const absl::StatusOr<Reply>& values) mutable {
               if (values.ok()) Compare(std::move(names), *values);
             });
}

void GoScan::Compare(std::vector<std::string> names, const Reply& values) const {
  const auto items = values.AsArrayOf(names.size());
  if (!items.ok()) return;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto value = (*items)[i].AsOptionalText();
    const auto key = ReadStreamKey(names[i]);
    if (!value.ok() || !value->has_value() || !key.has_value()) continue;
    const auto origin_id = keys_.NameIn(KeyKind::kServer, **value);
    if (!origin_id.has_value()) continue;
    const auto mapping = streams_.Find(*key);
    // One that is provisional elsewhere is not known here, and stays so.
    if (!mapping.has_value() || mapping->origin_id != *origin_id) differs_(*key);
  }
}

}  // namespace srsproxy::redis
