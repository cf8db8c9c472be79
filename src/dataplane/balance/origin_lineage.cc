#include "dataplane/balance/origin_lineage.h"

#include <utility>

namespace srsproxy {

void OriginLineage::Add(const std::string& former, const std::string& successor, bool elsewhere) {
  for (Superseded& past : superseded_) {
    if (past.successor != former) continue;
    past.successor = successor;
    past.elsewhere |= elsewhere;
  }
  superseded_.push_back({former, successor, elsewhere});
  if (superseded_.size() > max_) superseded_.pop_front();
  successors_ = nullptr;
}

void OriginLineage::ForgetSuccessor(std::string_view successor) {
  const auto of_it = [&](const Superseded& past) { return past.successor == successor; };
  if (std::erase_if(superseded_, of_it) > 0) successors_ = nullptr;
}

void OriginLineage::ForgetFormer(std::string_view former) {
  const auto is_it = [&](const Superseded& past) { return past.former == former; };
  if (std::erase_if(superseded_, is_it) > 0) successors_ = nullptr;
}

std::vector<std::string> OriginLineage::FormersOf(std::string_view successor) const {
  std::vector<std::string> formers;
  for (const Superseded& past : superseded_) {
    if (past.successor == successor) formers.push_back(past.former);
  }
  return formers;
}

std::shared_ptr<const OriginSuccessors> OriginLineage::Successors() {
  if (successors_ == nullptr) {
    auto successors = std::make_shared<OriginSuccessors>();
    for (const auto& [former, successor, elsewhere] : superseded_) {
      successors->emplace(former, OriginSuccessor{successor, elsewhere});
    }
    successors_ = std::move(successors);
  }
  return successors_;
}

}  // namespace srsproxy
