// SPDX-License-Identifier: Apache-2.0
#include "media/ice/check_list.h"

#include <algorithm>

namespace sallyport::media::ice {
namespace {

std::uint64_t priorityOf(const CheckPair& pair, Role role) {
  return role == Role::controlling ? pairPriority(pair.local_priority, pair.remote_priority)
                                   : pairPriority(pair.remote_priority, pair.local_priority);
}

bool isUnderWay(const CheckPair& pair) {
  return pair.state == PairState::waiting || pair.state == PairState::inProgress;
}

}  // namespace

CheckPair* CheckList::add(CheckPair pair) {
  if (find(pair.local, pair.remote) != nullptr) return nullptr;
  if (pairs_.size() == kMostPairs) {
    // The one that ranks last of those not proven makes room, if it ranks behind the new one.
    const auto last = std::find_if(pairs_.rbegin(), pairs_.rend(),
                                   [](const CheckPair& other) { return other.state != PairState::succeeded; });
    if (last == pairs_.rend() || priorityOf(*last, role_) >= priorityOf(pair, role_)) return nullptr;
    pairs_.erase(std::next(last).base());
  }
  pair.id = next_id_++;
  pair.state = PairState::frozen;
  const auto id = pair.id;
  // RFC 8838 12: the first of its foundation waits, and so does one whose foundation has proven good.
  const bool proven = std::any_of(pairs_.begin(), pairs_.end(), [&](const CheckPair& other) {
    return other.foundation == pair.foundation && other.state == PairState::succeeded;
  });
  if (proven || mayThaw(pair)) pair.state = PairState::waiting;
  pairs_.push_back(std::move(pair));
  rank(role_);
  return find(id);
}

CheckPair* CheckList::find(LocalIndex local, const Endpoint& remote) {
  const auto pair = std::find_if(pairs_.begin(), pairs_.end(), [&](const CheckPair& candidate) {
    return candidate.local == local && candidate.remote == remote;
  });
  return pair == pairs_.end() ? nullptr : &*pair;
}

CheckPair* CheckList::find(PairId id) {
  const auto pair =
      std::find_if(pairs_.begin(), pairs_.end(), [id](const CheckPair& candidate) { return candidate.id == id; });
  return pair == pairs_.end() ? nullptr : &*pair;
}

void CheckList::describe(const Candidate& remote) {
  for (auto& pair : pairs_) {
    if (pair.component == remote.component && pair.remote == remote.endpoint) pair.remote_priority = remote.priority;
  }
  rank(role_);
}

void CheckList::rank(Role role) {
  role_ = role;
  std::stable_sort(pairs_.begin(), pairs_.end(), [role](const CheckPair& a, const CheckPair& b) {
    return priorityOf(a, role) > priorityOf(b, role);
  });
}

void CheckList::trigger(CheckPair& pair) {
  if (std::find(triggered_.begin(), triggered_.end(), pair.id) == triggered_.end()) triggered_.push_back(pair.id);
}

CheckPair* CheckList::takeNext() {
  while (!triggered_.empty()) {
    const auto id = triggered_.front();
    triggered_.pop_front();
    if (auto* pair = find(id)) return pair;
  }
  for (auto& pair : pairs_) {
    if (pair.state == PairState::waiting) return &pair;
  }
  for (auto& pair : pairs_) {
    if (pair.state == PairState::frozen && mayThaw(pair)) return &pair;
  }
  return nullptr;
}

bool CheckList::hasNext() const {
  return !triggered_.empty() || std::any_of(pairs_.begin(), pairs_.end(), [this](const CheckPair& pair) {
    return pair.state == PairState::waiting || (pair.state == PairState::frozen && mayThaw(pair));
  });
}

std::size_t CheckList::active() const {
  return static_cast<std::size_t>(std::count_if(pairs_.begin(), pairs_.end(), isUnderWay));
}

bool CheckList::mayThaw(const CheckPair& pair) const {
  return std::none_of(pairs_.begin(), pairs_.end(),
                      [&](const CheckPair& other) { return other.foundation == pair.foundation && isUnderWay(other); });
}

void CheckList::thaw(const std::string& foundation) {
  for (auto& pair : pairs_) {
    if (pair.foundation == foundation && pair.state == PairState::frozen) pair.state = PairState::waiting;
  }
}

void CheckList::dropIdle(Component component) {
  std::erase_if(pairs_, [component](const CheckPair& pair) {
    return pair.component == component && (pair.state == PairState::waiting || pair.state == PairState::frozen);
  });
  std::erase_if(triggered_, [this](PairId id) { return find(id) == nullptr; });
}

void CheckList::clear() {
  pairs_.clear();
  triggered_.clear();
}

}  // namespace sallyport::media::ice
