#include "dataplane/protocol/srs_api/answer.h"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace srsproxy::srs_api {
namespace {

constexpr size_t kMaxDepth = 32;

absl::Status Unusable(std::string_view what) {
  return OriginFailure(absl::StatusCode::kDataLoss,
                       "the origin's API answered " + std::string(what));
}

absl::Status Refused(int64_t code) {
  return OriginFailure(absl::StatusCode::kFailedPrecondition,
                       "the origin's API answered the code " + std::to_string(code));
}

struct Envelope {
  int64_t code = 0;
  json::object fields;
};

absl::StatusOr<Envelope> ReadEnvelope(std::string_view body) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  auto value = json::parse({body.data(), body.size()}, error, {}, options);
  if (error) return Unusable("what is no JSON");
  auto* fields = value.if_object();
  const auto* code = fields == nullptr ? nullptr : fields->if_contains("code");
  if (code == nullptr || !code->is_int64()) return Unusable("without a code");
  return Envelope{code->get_int64(), std::move(*fields)};
}

json::string_view Key(std::string_view name) { return {name.data(), name.size()}; }

}  // namespace

int64_t NotFoundCode(Resource resource) {
  switch (resource) {
    case Resource::kVhosts:
      return 2014;
    case Resource::kClients:
      return 2049;
    default:
      return 2048;
  }
}

absl::StatusOr<json::array> ReadList(Resource resource, std::string_view body) {
  auto envelope = ReadEnvelope(body);
  if (!envelope.ok()) return envelope.status();
  if (envelope->code != 0) return Refused(envelope->code);
  auto* items = envelope->fields.if_contains(Key(ResourceName(resource)));
  auto* list = items == nullptr ? nullptr : items->if_array();
  const auto is_object = [](const json::value& item) { return item.is_object(); };
  if (list == nullptr || !std::all_of(list->begin(), list->end(), is_object)) {
    return Unusable("without a list");
  }
  return std::move(*list);
}

absl::StatusOr<std::optional<json::object>> ReadItem(Resource resource, std::string_view body) {
  auto envelope = ReadEnvelope(body);
  if (!envelope.ok()) return envelope.status();
  if (envelope->code == NotFoundCode(resource)) return std::nullopt;
  if (envelope->code != 0) return Refused(envelope->code);
  auto* item = envelope->fields.if_contains(Key(ItemName(resource)));
  if (item == nullptr || !item->is_object()) return Unusable("without the item");
  return std::move(item->get_object());
}

absl::StatusOr<json::object> ReadData(std::string_view body) {
  auto envelope = ReadEnvelope(body);
  if (!envelope.ok()) return envelope.status();
  if (envelope->code != 0) return Refused(envelope->code);
  auto* data = envelope->fields.if_contains("data");
  if (data == nullptr || !data->is_object()) return Unusable("without data");
  return std::move(data->get_object());
}

absl::StatusOr<int64_t> ReadCode(std::string_view body) {
  const auto envelope = ReadEnvelope(body);
  if (!envelope.ok()) return envelope.status();
  return envelope->code;
}

}  // namespace srsproxy::srs_api
