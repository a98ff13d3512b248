// SPDX-License-Identifier: Apache-2.0
#pragma once
// ICE lite (RFC 8445 2.5): the edge on its public addresses. It sends no checks; the peer's find the way, and every
// check that proves the password makes its pair valid and renews the peer's consent (RFC 7675) to be sent to. The peer
// controls: the pair that it nominated last is the one to send to.
//
// One per media stream of a leg; its owner feeds it what classify() calls STUN and asks it before DTLS or media is
// taken from anywhere or sent anywhere. No I/O, no clock: datagrams and time come in, answers go out. One thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "media/ice/candidate.h"
#include "media/ice/check_gate.h"
#include "media/ice/consent_watch.h"
#include "media/ice/credentials.h"
#include "media/ice/validated_pair.h"

namespace sallyport::media::ice {

struct LiteConfig {
  Credentials local;
  std::vector<Candidate> candidates;  // ours, of type host; a LocalIndex counts them
  AddressPolicy sources;
  CheckLimits limits;
};

class IceLiteAgent {
 public:
  explicit IceLiteAgent(LiteConfig config);

  // The fragment in the peer's description. Checks may come before that does, and count.
  void expect(std::string remote_ufrag) { gate_.expect(std::move(remote_ufrag)); }
  // New credentials after the peer's changed, or to change them. Media goes on over the selected pairs, which the
  // former session's checks keep alive, until the peer has nominated anew for every component.
  void restart(Credentials local);

  struct Reply {
    StunOutcome outcome = StunOutcome::malformed;
    std::vector<std::uint8_t> answer;  // to the source, from the same socket; empty: none. Never longer than the check
  };
  Reply onStun(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now);

  // Where the component is sent to: nothing before a nomination, and once consent has run out.
  std::optional<ValidatedPair> selected(Component component, TimePoint now) const;
  // Whether `source` may be heard at that socket.
  std::optional<ValidatedPair> validated(LocalIndex local, const Endpoint& source, TimePoint now) const;
  // When the consent of a selected pair runs out unless the peer renews it.
  std::optional<TimePoint> consentEnds() const;

  const StunCounters& counters() const { return counters_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const std::string& ufrag() const { return gate_.ufrag(); }

 private:
  struct Path {
    LocalIndex local = 0;
    Endpoint remote;
    Generation generation = Generation::current;
    bool selected = false;
    TimePoint heard;
  };

  Reply judge(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now);
  Path* find(LocalIndex local, const Endpoint& remote, Generation generation);
  Path& open(LocalIndex local, const Endpoint& remote);
  void select(Path& path);
  bool everythingIsNominated() const;
  Component componentOf(const Path& path) const { return candidates_[path.local].component; }

  CheckGate gate_;
  const std::vector<Candidate> candidates_;
  std::vector<Path> paths_;  // kMostPaths at most
  StunCounters counters_;
};

}  // namespace sallyport::media::ice
