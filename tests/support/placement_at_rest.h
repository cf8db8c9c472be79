// What holds in a fleet at rest: all proxies and Redis have one picture, and it is what operators,
// origins and sessions have made of it.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gtest/gtest.h>

#include "tests/support/placement_model.h"

namespace srsproxy {

class PlacementAtRest : public PlacementModel {
 protected:
  void WaitForRest() {
    Resume();
    for (const auto& proxy : proxies_) proxy->relay().SetFaulty(false);
    const auto late = std::chrono::steady_clock::now() +
                      std::chrono::seconds(NumberFrom("SRSPROXY_MODEL_PATIENCE", 60));
    std::string differs = "?";
    // Twice in a row: what is seen by chance on its way is not at rest.
    for (int same = 0; same < 2; same = differs.empty() ? same + 1 : 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      Settle();
      if (!differs.empty()) Beat();
      differs = Differs();
      if (std::chrono::steady_clock::now() < late) continue;
      ADD_FAILURE() << "no rest within a minute: " << differs;
      return;
    }
    in_doubt_.clear();
  }
  void Settle() {
    EndLost();
    // As the evictor ends strays.
    for (size_t i = sessions_.size(); i-- > 0;) {
      const Session& session = sessions_[i];
      const auto mapping = proxies_[session.proxy]->streams().Find(session.key);
      const bool strays = !mapping.has_value() || !AreOne(mapping->origin_id, session.origin_id);
      if (strays && (session.role == Role::kViewer || !session.live)) End(i);
    }
    // One that a proxy which had lost Redis did not know to be deregistered: an operator sees it.
    for (auto& [name, server] : servers_) {
      for (size_t i = 0; faults_ && server.pid == 0 && i < proxies_.size(); ++i) {
        for (const std::string& id : KnownAt(i)) {
          if (id[0] == name) (void)proxies_[i]->registry().DeregisterOrigin(id);
        }
      }
    }
    // As one has it; at rest all do.
    for (const char name : in_doubt_) {
      servers_[name].cordoned =
          proxies_[0]->registry().overrides().Of(std::string(1, name)).admin_state.has_value();
    }
  }

  // What is not as it should be; empty: all is.
  std::string Differs() {
    for (const auto& proxy : proxies_) {
      const StoreState state = proxy->streams().state();
      if (state != StoreState::kSynced) return absl::StrCat("a store is ", ToAbsl(ToName(state)));
    }
    if (std::string differs = OriginsDiffer(); !differs.empty()) return differs;
    for (const StreamKey& key : keys_) {
      if (std::string differs = StreamDiffers(key); !differs.empty()) return differs;
    }
    for (size_t i = 0; sessions_.empty() && i < proxies_.size(); ++i) {
      const size_t in_use = proxies_[i]->streams().in_use();
      if (in_use == 0) continue;
      std::string differs = absl::StrCat(in_use, " streams are in use at ", i, ":");
      for (const StreamMapping& mapping : proxies_[i]->streams().List("", 1000).mappings) {
        if (mapping.in_use()) absl::StrAppend(&differs, " ", mapping.key.ToString());
      }
      return differs;
    }
    for (size_t i = 0; i < proxies_.size(); ++i) {
      if (std::string differs = LoadDiffers(i); !differs.empty()) return differs;
    }
    return "";
  }
  std::string OriginsDiffer() {
    std::set<std::string> ids;
    for (const auto& [name, server] : servers_) {
      if (server.pid > 0) ids.insert(IdOf(name, server.pid));
    }
    for (size_t i = 0; i < proxies_.size(); ++i) {
      const auto snapshot = proxies_[i]->registry().CurrentSnapshot();
      for (const auto& origin : snapshot->origins) {
        const bool cordoned = servers_[origin->id[0]].cordoned;
        if ((origin->admin_state == AdminState::kCordoned) != cordoned) {
          return absl::StrCat(origin->id, " cordoned: ", cordoned, ", not so at ", i);
        }
        if (HoldsLease(*origin) || origin->health == OriginHealth::kLeaving) continue;
        return absl::StrCat(origin->id, " is ", ToAbsl(ToName(origin->health)), " at ", i, ": ",
                            absl::StrJoin(servers_[origin->id[0]].log, ", "));
      }
      std::set<std::string> known = KnownAt(i);
      // A server that has restarted at a proxy without Redis, which did not know of what it was
      // before: that is at the same address, and its silence ends it.
      std::erase_if(known, [&](const std::string& id) {
        return faults_ && !ids.contains(id) && servers_[id[0]].pid > 0;
      });
      if (known == ids) continue;
      std::string differs = absl::StrCat("there are ", absl::StrJoin(ids, " "));
      for (size_t at = 0; at < proxies_.size(); ++at) {
        absl::StrAppend(&differs, ", at ", at, ": ", absl::StrJoin(KnownAt(at), " "));
      }
      const redis::Reply kept = server_.Command({"KEYS", "srs-proxy-x-origin:*"});
      return absl::StrCat(
          differs, ", in Redis: ",
          absl::StrJoin(kept.AsTexts().value(), " ",
                        [](std::string* out, std::string_view id) { out->append(id); }));
    }
    return "";
  }
  std::set<std::string> KnownAt(size_t i) {
    std::set<std::string> known;
    const auto snapshot = proxies_[i]->registry().CurrentSnapshot();
    for (const auto& origin : snapshot->origins) {
      if (origin->health != OriginHealth::kLeaving) known.insert(origin->id);
    }
    return known;
  }
  std::string StreamDiffers(const StreamKey& key) {
    const redis::Reply fields = server_.Command(
        {"HMGET", "srs-proxy-x-url:" + key.ToString(), "origin", "version", "fed", "used", "live"});
    const auto values = fields.AsArray().value();
    const auto text = [&](size_t i) {
      return std::string(values[i].AsOptionalText().value().value_or(""));
    };
    const bool exists = !text(0).empty();
    const redis::Reply mapped = server_.Command({"GET", "srs-proxy-url:" + key.ToString()});
    const std::string of_go(mapped.AsOptionalText().value().value_or(""));
    if (of_go != (exists ? "srs-proxy-server:" + text(0) : "")) {
      return absl::StrCat(key.ToString(), " is on '", text(0), "', and '", of_go, "' for Go");
    }
    for (size_t i = 0; i < proxies_.size(); ++i) {
      const auto mapping = proxies_[i]->streams().Find(key);
      size_t here = 0;
      for (const Session& session : sessions_) {
        if (session.key != key || session.proxy != i) continue;
        ++here;
        if (mapping.has_value() && AreOne(mapping->origin_id, session.origin_id)) continue;
        return absl::StrCat("a ", ToAbsl(ToName(session.role)), " of ", key.ToString(), " at ", i,
                            " is on ", session.origin_id, ", not where the stream is:\n",
                            proxies_[i]->watcher().LastOf(key));
      }
      // Provisional: known to who uses it.
      if (text(2) != "1" && here == 0) continue;
      std::string shown = "nowhere";
      if (mapping.has_value()) {
        shown = absl::StrCat(mapping->origin_id, " v", mapping->version, " live ",
                             mapping->publisher_live, " used ", mapping->in_use());
      }
      const std::string wanted = exists ? absl::StrCat(text(0), " v", text(1), " live ",
                                                       text(4) == "1", " used ", text(3) == "1")
                                        : "nowhere";
      if (shown != wanted) {
        return absl::StrCat(key.ToString(), " is ", wanted, ", and at ", i, " ", shown, ":\n",
                            proxies_[i]->watcher().LastOf(key));
      }
    }
    return "";
  }
  std::string LoadDiffers(size_t i) {
    for (const auto& [name, server] : servers_) {
      const std::string id = IdOf(name, server.pid);
      const size_t counted = proxies_[i]->streams().CountsOf(id).in_use;
      if (static_cast<size_t>(proxies_[i]->watcher().load(id)) == counted) continue;
      return absl::StrCat("load of ", id, " at ", i, " is ", proxies_[i]->watcher().load(id),
                          ", of streams ", counted);
    }
    return "";
  }

  // For people.
  std::string About(const StreamKey& key) {
    std::string text;
    for (size_t i = 0; i < proxies_.size(); ++i) {
      const auto mapping = proxies_[i]->streams().Find(key);
      absl::StrAppend(&text, "\nat ", i, ": ", mapping ? mapping->origin_id : "none");
      const auto snapshot = proxies_[i]->registry().CurrentSnapshot();
      for (const auto& origin : snapshot->origins) {
        absl::StrAppend(&text, " ", origin->id, "=", ToAbsl(ToName(origin->health)), ",",
                        ToAbsl(ToName(origin->admin_state)));
      }
    }
    for (const auto& [name, server] : servers_) {
      absl::StrAppend(&text, "\n", std::string(1, name), ": ", absl::StrJoin(server.log, ", "));
    }
    return text + "\n" + proxies_[0]->watcher().LastOf(key);
  }
};

}  // namespace srsproxy
