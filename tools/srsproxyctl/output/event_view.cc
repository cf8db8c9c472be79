#include "tools/srsproxyctl/output/event_view.h"

#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

std::string SubjectName(const v1::Event& event) {
  return event.has_stream() ? event.stream().key() : event.origin().id();
}

// The origin of a stream; nothing for an origin itself.
std::string PlaceOf(const v1::Event& event) {
  if (!event.has_stream()) return kNothing;
  std::string place = OrNothing(event.stream().origin_id());
  if (event.stream().has_pending_move()) {
    place += " -> " + event.stream().pending_move().origin_id();
  }
  return place;
}

}  // namespace

Cell ChangeCell(const v1::Event& event) {
  switch (event.kind()) {
    case v1::EVENT_KIND_ORIGIN_ADDED:
    case v1::EVENT_KIND_STREAM_ADDED:
      return {"added", Tone::kGood};
    case v1::EVENT_KIND_ORIGIN_CHANGED:
    case v1::EVENT_KIND_STREAM_CHANGED:
      return {"changed"};
    case v1::EVENT_KIND_ORIGIN_REMOVED:
    case v1::EVENT_KIND_STREAM_REMOVED:
      return {"removed", Tone::kWarning};
    case v1::EVENT_KIND_ORIGIN_CONFLICT:
      return {"conflict", Tone::kWarning};
    default:
      return {"unknown"};
  }
}

const View<v1::Event>& EventView() {
  using Event = v1::Event;
  static const View<Event> view = {
      "events",
      SubjectName,
      {
          {"TIME", [](const Event& e) { return Cell{TimeText(e.has_time(), e.time())}; }},
          {"WHAT", [](const Event& e) { return Cell{e.has_stream() ? "stream" : "origin"}; }},
          {"EVENT", ChangeCell},
          {"NAME", [](const Event& e) { return Cell{SubjectName(e)}; }},
          {"ORIGIN", [](const Event& e) { return Cell{PlaceOf(e)}; }},
          {"WHY", [](const Event& e) { return Cell{OrNothing(e.message())}; }},
          {"SEQUENCE", [](const Event& e) { return Cell{std::to_string(e.sequence())}; }, true},
          {"PROXY", [](const Event& e) { return Cell{OrNothing(e.proxy_id())}; }, true},
      }};
  return view;
}

}  // namespace srsproxy::ctl
