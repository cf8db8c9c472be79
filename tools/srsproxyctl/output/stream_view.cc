#include "tools/srsproxyctl/output/stream_view.h"

#include <string>

#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

Cell StateCell(const v1::Stream& stream) {
  if (stream.has_pending_move()) return {"moving", Tone::kWarning};
  if (stream.publisher_live()) return {"live", Tone::kGood};
  if (stream.provisional()) return {"provisional", Tone::kWarning};
  return {"mapped"};
}

}  // namespace

const View<v1::Stream>& StreamView() {
  using Stream = v1::Stream;
  static const View<Stream> view = {
      "streams",
      [](const Stream& s) { return s.key(); },
      {
          {"STREAM", [](const Stream& s) { return Cell{s.key()}; }},
          {"ORIGIN", [](const Stream& s) { return Cell{s.origin_id()}; }},
          {"STATE", StateCell},
          {"PUBLISHERS", [](const Stream& s) { return Cell{std::to_string(s.publishers())}; }},
          {"VIEWERS", [](const Stream& s) { return Cell{std::to_string(s.viewers())}; }},
          {"CLAIMED",
           [](const Stream& s) { return Cell{TimeText(s.has_claim_time(), s.claim_time())}; }},
          {"MOVING TO",
           [](const Stream& s) { return Cell{OrNothing(s.pending_move().origin_id())}; }, true},
          {"PINNED TO", [](const Stream& s) { return Cell{OrNothing(s.pinned_server())}; }, true},
          {"VERSION", [](const Stream& s) { return Cell{std::to_string(s.version())}; }, true},
      }};
  return view;
}

const View<v1::Pin>& PinView() {
  using Pin = v1::Pin;
  static const View<Pin> view = {"pins",
                                 [](const Pin& p) { return p.key(); },
                                 {
                                     {"STREAM", [](const Pin& p) { return Cell{p.key()}; }},
                                     {"SERVER", [](const Pin& p) { return Cell{p.server()}; }},
                                 }};
  return view;
}

}  // namespace srsproxy::ctl
