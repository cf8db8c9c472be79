#include "controlplane/services/readiness.h"

#include <utility>

namespace srsproxy::control {
namespace {

std::vector<std::string> Sentences(const std::map<std::string, std::string, std::less<>>& reasons) {
  std::vector<std::string> sentences;
  for (const auto& [name, why] : reasons) sentences.push_back(why);
  return sentences;
}

}  // namespace

void Readiness::Block(std::string_view name, std::string_view why) {
  const std::lock_guard lock(mutex_);
  const bool was_ready = blocks_.empty();
  blocks_[std::string(name)] = why;
  if (was_ready && changed_) changed_(false);
}

void Readiness::Unblock(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto block = blocks_.find(name);
  if (block == blocks_.end()) return;
  blocks_.erase(block);
  if (blocks_.empty() && changed_) changed_(true);
}

void Readiness::Degrade(std::string_view name, std::string_view why) {
  const std::lock_guard lock(mutex_);
  degradations_[std::string(name)] = why;
}

void Readiness::Restore(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto degradation = degradations_.find(name);
  if (degradation != degradations_.end()) degradations_.erase(degradation);
}

bool Readiness::ready() const {
  const std::lock_guard lock(mutex_);
  return blocks_.empty();
}

std::vector<std::string> Readiness::reasons() const {
  const std::lock_guard lock(mutex_);
  return Sentences(blocks_);
}

std::vector<std::string> Readiness::degraded() const {
  const std::lock_guard lock(mutex_);
  return Sentences(degradations_);
}

void Readiness::SetObserver(std::function<void(bool)> changed) {
  const std::lock_guard lock(mutex_);
  changed_ = std::move(changed);
  if (changed_) changed_(blocks_.empty());
}

}  // namespace srsproxy::control
