// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's ICE (RFC 8445) for one stream whose RTCP shares its port: what it says of itself in SDP, its agent, and
// where the peer has proven to be (RFC 7675). Always a full agent; no trickle: what it has gathered stands in its
// description, and what the peer's description has is what is tried.
//
// Its only socket is the call's own, bound where the edge was reached: no other address of the host is told to anybody
// (RFC 8828, mode 2). Owned by a MediaPath, on its thread. No I/O, no clock.

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "media/ice/agent.h"
#include "sdp/ice.h"

namespace sallyport::phone {

// What an offer and its answer say.
struct IcePlan {
  sdp::IceCredentials ours;
  sdp::IceDescription theirs;
};

struct IceFacts {
  media::ice::Role role = media::ice::Role::controlling;
  Endpoint remote;  // of the pair that is used, or was last
};

class IceWay {
 public:
  struct Settings {
    media::ice::Role role = media::ice::Role::controlling;  // who offers (RFC 8445 6.1.1)
    Endpoint host;
    media::ice::CheckTiming timing;
  };
  explicit IceWay(const Settings& settings);

  // For the first offer or answer; another session's is credentials' alone to change.
  const sdp::IceDescription& description() const { return description_; }

  // Checks begin; credentials of ours other than those in force are a restart. Candidates where nothing may be sent
  // are left out. Error: media.ice.restart_needed (peerMisbehaved).
  Status agree(const IcePlan& plan, TimePoint now);
  media::ice::StunOutcome onStun(const Endpoint& source, Bytes datagram, TimePoint now);
  void advance(TimePoint now) { agent_.advance(now); }
  std::optional<TimePoint> deadline() const { return agent_.deadline(); }
  std::vector<media::ice::Transmission> takeTransmissions() { return agent_.takeTransmissions(); }

  // Where to send: nothing before a pair was nominated, and once the peer's consent has run out.
  std::optional<Endpoint> destination(TimePoint now) const;
  bool mayBeHeard(const Endpoint& source, TimePoint now) const;
  // phone.ice.failed, phone.ice.consent_lost (both unavailable): why there is no way, and will be none.
  std::optional<Error> failure(TimePoint now) const;
  std::optional<IceFacts> facts() const { return facts_; }

 private:
  void note(TimePoint now);

  sdp::IceDescription description_;
  std::string in_force_;  // our fragment
  media::ice::IceAgent agent_;
  std::optional<IceFacts> facts_;
};

}  // namespace sallyport::phone
