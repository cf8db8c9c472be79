// `list --watch`: a list that follows events.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "srsproxy/v1/event_service.pb.h"
#include "tools/srsproxyctl/commands/command.h"
#include "tools/srsproxyctl/commands/event_stream.h"
#include "tools/srsproxyctl/output/event_view.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/printer.h"
#include "tools/srsproxyctl/output/watch_cache.h"

namespace srsproxy::ctl {

// Shows the subjects of the events that `request` selects, until interrupted: on a terminal as a
// table that is drawn anew, else as a row or a document for each change. All referred objects must
// outlive it; `subject` returns what an event is about, and `belongs` whether that is still what
// the request selects: a stream that leaves an origin is reported once more.
template <typename Message>
class LiveList {
 public:
  LiveList(
      Context& context, const View<Message>& view, const Filter<Message>& filter,
      const Message& (*subject)(const v1::Event&),
      std::function<bool(const Message&)> belongs = [](const Message&) { return true; })
      : context_(context),
        view_(view),
        filter_(filter),
        subject_(subject),
        belongs_(std::move(belongs)) {
    changes_.name = [&view, subject](const v1::Event& event) { return view.name(subject(event)); };
    changes_.columns.push_back({"EVENT", ChangeCell});
    for (const auto& column : view.columns) {
      const auto cell = [&column, subject](const v1::Event& event) {
        return column.cell(subject(event));
      };
      changes_.columns.push_back({column.title, cell, column.wide_only});
    }
  }

  absl::Status Run(const v1::WatchRequest& request) {
    const Printer& printer = context_.printer;
    if (printer.shows_tables() && !printer.redraws()) context_.printer.BeginList(changes_);
    return FollowEvents(context_, request,
                        {[this] { cache_.ExpectSnapshot(); },
                         [this](const v1::WatchResponse& response) { return Show(response); }});
  }

 private:
  bool Show(const v1::WatchResponse& response) {
    const std::vector<v1::Event> changes = cache_.Apply(response);
    if (!cache_.complete()) return true;
    if (!context_.printer.redraws()) {
      for (const v1::Event& event : changes) {
        if (filter_.Matches(subject_(event))) context_.printer.Next(changes_, event);
      }
    } else if (!changes.empty() || response.snapshot_complete()) {
      Draw();
    }
    return context_.printer.good();
  }

  void Draw() {
    std::vector<Message> messages;
    for (const auto& [key, event] : cache_.entries()) {
      const Message& message = subject_(event);
      if (belongs_(message) && filter_.Matches(message)) messages.push_back(message);
    }
    context_.printer.ClearScreen();
    context_.printer.BeginList(view_);
    context_.printer.Page(view_, messages);
    context_.printer.EndLists();
    context_.printer.Flush();
  }

  Context& context_;
  const View<Message>& view_;
  const Filter<Message>& filter_;
  const Message& (*const subject_)(const v1::Event&);
  const std::function<bool(const Message&)> belongs_;
  View<v1::Event> changes_;
  WatchCache cache_;
};

}  // namespace srsproxy::ctl
