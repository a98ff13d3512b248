// SPDX-License-Identifier: Apache-2.0
#pragma once
// ICE lite (RFC 8445 2.5): the edge on its public addresses. It sends no checks; the peer's find the way, and every
// check that proves the password makes its pair valid and renews the peer's consent (RFC 7675) to be sent to. So does
// what verifies under the peer's keys, as a peer of RFC 5245 checks no more once it has nominated. The peer
// controls: the pair that it nominated last is the one to send to.
//
// Until it has nominated one, and some never do, a valid pair serves (RFC 8445 12.1) if whoever proved it is the peer
// that was agreed with: at once where DTLS of its came from, else kNominationWait after its first check, of several the
// one of highest priority. A nomination decides, whenever it comes.
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

// Longer than a peer waits that nominates the best of what it has found.
inline constexpr std::chrono::milliseconds kNominationWait{500};

struct LiteConfig {
  Credentials local;
  std::vector<Candidate> candidates;  // ours, of type host; a LocalIndex counts them
  AddressPolicy sources;
  CheckLimits limits;
};

class IceLiteAgent {
 public:
  explicit IceLiteAgent(LiteConfig config);

  // The fragment in the peer's description. Checks may come before that does, and count; those of another, who was
  // offered the same by a fork, are forgotten, and what they nominated too.
  void expect(std::string remote_ufrag);
  // New credentials after the peer's changed, or to change them. Media goes on over the selected pairs or those that
  // served, which the former session's checks keep alive, until the peer has nominated anew for every component.
  void restart(Credentials local);

  struct Reply {
    StunOutcome outcome = StunOutcome::malformed;
    std::vector<std::uint8_t> answer;  // to the source, from the same socket; empty: none. Never longer than the check
  };
  Reply onStun(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now);

  // What verifies under the peer's keys came from there then: it consents still, if it did until then.
  void onVerified(LocalIndex local, const Endpoint& source, TimePoint at);
  // What only the peer has a use for came from there and was of use: the pair works.
  void onUsed(LocalIndex local, const Endpoint& source);

  // Where the component is sent to: nothing before a pair is nominated or serves, and once consent has run out.
  std::optional<ValidatedPair> selected(Component component, TimePoint now) const;
  // Whether `source` may be heard at that socket.
  std::optional<ValidatedPair> validated(LocalIndex local, const Endpoint& source, TimePoint now) const;
  // When selected() may next change by itself: a pair begins to serve, or the consent of one runs out.
  std::optional<TimePoint> nextChange(TimePoint now) const;

  const StunCounters& counters() const { return counters_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const std::string& ufrag() const { return gate_.ufrag(); }

 private:
  struct Path {
    LocalIndex local = 0;
    Endpoint remote;
    Generation generation = Generation::current;
    std::string asker;           // the fragment of who has proven it
    std::uint32_t priority = 0;  // that the peer gives it
    bool selected = false;       // nominated
    bool used = false;
    TimePoint proven, heard;  // first, last
  };

  Reply judge(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now);
  Path* find(LocalIndex local, const Endpoint& remote, Generation generation);
  Path& open(LocalIndex local, const Endpoint& remote, TimePoint now);
  void select(Path& path);
  bool everythingIsNominated() const;
  bool isNominated(Component component) const;
  bool serves(const Path& path, TimePoint now) const;
  static bool isAlive(const Path& path, TimePoint now) { return now - path.heard < kConsentLifetime; }
  Component componentOf(const Path& path) const { return candidates_[path.local].component; }

  CheckGate gate_;
  const std::vector<Candidate> candidates_;
  std::vector<Path> paths_;  // kMostPaths at most
  StunCounters counters_;
};

}  // namespace sallyport::media::ice
