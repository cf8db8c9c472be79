// OriginLineage: which origin has taken the place of which, so that streams find the successor of
// the one that they are on. Without a lock of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/origin.h"

namespace srsproxy {

class OriginLineage {
 public:
  // `max`: former ids that are remembered; the oldest go first.
  explicit OriginLineage(size_t max) : max_(max) {}

  // `elsewhere`: as OriginSuccessor.
  void Add(const std::string& former, const std::string& successor, bool elsewhere);
  // What `successor` has superseded is unknown from now on.
  void ForgetSuccessor(std::string_view successor);
  // `former` is there again.
  void ForgetFormer(std::string_view former);

  std::vector<std::string> FormersOf(std::string_view successor) const;
  // Never null.
  std::shared_ptr<const OriginSuccessors> Successors();

 private:
  struct Superseded {
    std::string former;
    std::string successor;
    bool elsewhere = false;
  };

  const size_t max_;
  std::deque<Superseded> superseded_;                   // Oldest first.
  std::shared_ptr<const OriginSuccessors> successors_;  // Null: to be made anew.
};

}  // namespace srsproxy
