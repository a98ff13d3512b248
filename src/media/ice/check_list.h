// SPDX-License-Identifier: Apache-2.0
#pragma once
// The candidate pairs of one stream and in what order they are checked (RFC 8445 6.1.2, 6.1.4; RFC 8838 12 for those
// that come later). Part of an IceAgent, on its thread.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "media/ice/candidate.h"

namespace sallyport::media::ice {

enum class Role : std::uint8_t { controlling, controlled };
constexpr Role other(Role role) { return role == Role::controlling ? Role::controlled : Role::controlling; }

enum class PairState : std::uint8_t { frozen, waiting, inProgress, succeeded, failed };

using PairId = std::uint32_t;

struct CheckPair {
  PairId id = 0;
  LocalIndex local = 0;
  Component component = kRtp;
  Endpoint remote;
  std::uint32_t local_priority = 0, remote_priority = 0;
  std::string foundation;  // of both candidates
  PairState state = PairState::frozen;
  bool nominating = false;      // our check with USE-CANDIDATE is under way
  bool wanted_by_peer = false;  // it has nominated this before our own check succeeded
  TimePoint proven;             // when the peer last authenticated itself on it; once succeeded

  bool isOpen() const { return state != PairState::succeeded && state != PairState::failed; }
};

class CheckList {
 public:
  static constexpr std::size_t kMostPairs = 100;  // RFC 8445 6.1.2.5

  explicit CheckList(Role role) : role_(role) {}

  // Whether it is there then: not one that is there already, nor one that ranks behind a full list.
  CheckPair* add(CheckPair pair);
  CheckPair* find(LocalIndex local, const Endpoint& remote);
  CheckPair* find(PairId id);
  // The candidate that was discovered has been described now.
  void describe(const Candidate& remote);

  void rank(Role role);  // the higher priority first
  const std::vector<CheckPair>& pairs() const { return pairs_; }
  std::vector<CheckPair>& pairs() { return pairs_; }

  // Puts it at the end of those that are checked before all others (7.3.1.4).
  void trigger(CheckPair& pair);
  // The next to be checked, if any: triggered, or waiting, or frozen with nothing of its foundation under way.
  CheckPair* takeNext();
  bool hasNext() const;
  std::size_t active() const;  // waiting or in progress

  void thaw(const std::string& foundation);  // of a pair that has succeeded (7.2.5.3.3)
  void dropIdle(Component component);        // after a nomination (8.1.2)
  void clear();

 private:
  bool mayThaw(const CheckPair& pair) const;

  Role role_;
  PairId next_id_ = 1;
  std::vector<CheckPair> pairs_;  // by priority
  std::deque<PairId> triggered_;
};

}  // namespace sallyport::media::ice
