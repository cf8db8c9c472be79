#include "tools/srsproxyctl/output/origin_view.h"

#include <string>

#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

Cell HealthCell(const v1::Origin& origin) {
  Tone tone = Tone::kGood;
  if (origin.health() == v1::ORIGIN_HEALTH_SUSPECT ||
      origin.health() == v1::ORIGIN_HEALTH_LEAVING) {
    tone = Tone::kWarning;
  }
  if (origin.health() == v1::ORIGIN_HEALTH_DEAD) tone = Tone::kBad;
  return {EnumText(origin.health()), tone};
}

Cell AdminCell(const v1::Origin& origin) {
  return {EnumText(origin.admin_state()),
          origin.admin_state() == v1::ADMIN_STATE_ACTIVE ? Tone::kPlain : Tone::kWarning};
}

Cell DownCell(const v1::Origin& origin) {
  return {YesOrNo(origin.down()), origin.down() ? Tone::kBad : Tone::kPlain};
}

Cell EndpointsCell(const google::protobuf::RepeatedPtrField<std::string>& endpoints) {
  return {OrNothing(Join(endpoints, ","))};
}

Cell LabelsCell(const v1::Origin& origin) { return {LabelsText(origin.labels())}; }

Cell DrainCell(const v1::Origin& origin) {
  if (!origin.has_drain()) return {kNothing};
  return {DrainText(origin.drain()), Tone::kWarning};
}

Cell LoadCell(bool present, double value) { return {present ? NumberText(value) : kNothing}; }

}  // namespace

std::string DrainText(const v1::DrainProgress& drain) {
  std::string text = Count(drain.streams_left(), "stream") + " left, " +
                     std::to_string(drain.publishers_left()) + " with a publisher, " +
                     std::to_string(drain.streams_moved()) + " moved";
  if (drain.streams_stuck() > 0) {
    text += ", " + std::to_string(drain.streams_stuck()) + " that no other origin can take";
  }
  return text;
}

const View<v1::Origin>& OriginView() {
  using Origin = v1::Origin;
  static const View<Origin> view = {
      "origins",
      [](const Origin& o) { return o.id(); },
      {
          {"ID", [](const Origin& o) { return Cell{o.id()}; }},
          {"IP", [](const Origin& o) { return Cell{o.registration().ip()}; }},
          {"HEALTH", HealthCell},
          {"ADMIN", AdminCell},
          {"DOWN", DownCell},
          {"WEIGHT", [](const Origin& o) { return Cell{NumberText(o.weight())}; }},
          {"STREAMS", [](const Origin& o) { return Cell{std::to_string(o.streams())}; }},
          {"HEARTBEAT",
           [](const Origin& o) {
             return Cell{TimeText(o.has_heartbeat_time(), o.heartbeat_time())};
           }},
          {"SERVER", [](const Origin& o) { return Cell{o.registration().server()}; }, true},
          {"DEVICE", [](const Origin& o) { return Cell{OrNothing(o.registration().device_id())}; },
           true},
          {"ZONE", [](const Origin& o) { return Cell{OrNothing(o.zone())}; }, true},
          {"LABELS", LabelsCell, true},
          {"CAPACITY",
           [](const Origin& o) {
             return Cell{o.capacity() == 0 ? kNothing : std::to_string(o.capacity())};
           },
           true},
          {"DRAIN", DrainCell, true},
          {"GENERATION", [](const Origin& o) { return Cell{std::to_string(o.generation())}; },
           true},
          {"PERMANENT", [](const Origin& o) { return Cell{YesOrNo(o.permanent())}; }, true},
          {"REGISTERED",
           [](const Origin& o) { return Cell{TimeText(o.has_register_time(), o.register_time())}; },
           true},
          {"SOURCE", [](const Origin& o) { return Cell{OrNothing(o.source())}; }, true},
          {"RTMP", [](const Origin& o) { return EndpointsCell(o.registration().rtmp()); }, true},
          {"HTTP", [](const Origin& o) { return EndpointsCell(o.registration().http()); }, true},
          {"API", [](const Origin& o) { return EndpointsCell(o.registration().api()); }, true},
          {"SRT", [](const Origin& o) { return EndpointsCell(o.registration().srt()); }, true},
          {"RTC", [](const Origin& o) { return EndpointsCell(o.registration().rtc()); }, true},
          {"CPU",
           [](const Origin& o) { return LoadCell(o.load().has_cpu_ratio(), o.load().cpu_ratio()); },
           true},
          {"MEMORY",
           [](const Origin& o) {
             return LoadCell(o.load().has_memory_ratio(), o.load().memory_ratio());
           },
           true},
          {"CONNECTIONS",
           [](const Origin& o) {
             return Cell{o.load().has_connections() ? std::to_string(o.load().connections())
                                                    : kNothing};
           },
           true},
      }};
  return view;
}

const View<v1::OriginConflict>& ConflictView() {
  using Conflict = v1::OriginConflict;
  static const View<Conflict> view = {
      "conflicts",
      [](const Conflict& c) { return c.server(); },
      {
          {"CONFLICT",
           [](const Conflict& c) {
             return Cell{c.server(), Tone::kWarning};
           }},
          {"ORIGINS", [](const Conflict& c) { return Cell{Join(c.origin_ids(), ",")}; }},
          {"TAKEOVERS",
           [](const Conflict& c) {
             return Cell{c.takeovers() > 0 ? std::to_string(c.takeovers()) : kNothing};
           }},
          {"WHY", [](const Conflict& c) { return Cell{OrNothing(c.message())}; }},
      }};
  return view;
}

const View<v1::OriginRefusal>& RefusalView() {
  using Refusal = v1::OriginRefusal;
  static const View<Refusal> view = {
      "refusals",
      [](const Refusal& r) { return r.source(); },
      {
          {"REFUSED",
           [](const Refusal& r) {
             return Cell{r.source(), Tone::kBad};
           }},
          {"TIMES", [](const Refusal& r) { return Cell{std::to_string(r.count())}; }},
          {"LAST",
           [](const Refusal& r) { return Cell{TimeText(r.has_last_time(), r.last_time())}; }},
          {"WHY", [](const Refusal& r) { return Cell{r.message()}; }},
      }};
  return view;
}

}  // namespace srsproxy::ctl
