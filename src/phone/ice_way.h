// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's ICE (RFC 8445) for one stream whose RTCP shares its port: what it says of itself in SDP, its agent, and
// where the peer has proven to be (RFC 7675). Always a full agent; no trickle: what it has gathered stands in its
// description, and what the peer's description has is what is tried. It gathers a host candidate, and where a STUN
// server is named what that sees (RFC 8445 5.1.1).
//
// Its only socket is the call's own, bound where the edge was reached: no other address of the host is told to anybody
// (RFC 8828, mode 2). Owned by a MediaPath, on its thread. No I/O, no clock.

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "media/ice/agent.h"
#include "media/ice/reflexive_query.h"
#include "sdp/ice.h"

namespace sallyport::phone {

// What an offer and its answer say.
struct IcePlan {
  sdp::IceCredentials ours;
  sdp::IceDescription theirs;
};

struct IceFacts {
  media::ice::Role role = media::ice::Role::controlling;
  Endpoint remote;                    // of the pair that is used, or was last
  std::optional<Endpoint> reflexive;  // where the STUN server saw us, if that is elsewhere than where we are
};

class IceWay {
 public:
  struct Settings {
    media::ice::Role role = media::ice::Role::controlling;  // who offers (RFC 8445 6.1.1)
    Endpoint host;
    std::optional<Endpoint> stun_server;
    media::ice::CheckTiming timing;
  };
  IceWay(const Settings& settings, TimePoint now);

  // Description() is to wait for what the STUN server says: two and a half seconds at most.
  bool isGathering() const { return query_ && query_->isAsking(); }
  // For the first offer or answer; another session's is credentials' alone to change.
  const sdp::IceDescription& description() const { return description_; }

  // Checks begin; credentials of ours other than those in force are a restart. Candidates where nothing may be sent
  // are left out. Error: media.ice.restart_needed (peerMisbehaved).
  Status agree(const IcePlan& plan, TimePoint now);
  media::ice::StunOutcome onStun(const Endpoint& source, Bytes datagram, TimePoint now);
  void advance(TimePoint now);
  std::optional<TimePoint> deadline() const;
  std::vector<media::ice::Transmission> takeTransmissions();

  // Where to send: nothing before a pair was nominated, and once the peer's consent has run out.
  std::optional<Endpoint> destination(TimePoint now) const;
  bool mayBeHeard(const Endpoint& source, TimePoint now) const;
  // phone.ice.failed, phone.ice.consent_lost (both unavailable): why there is no way, and will be none.
  std::optional<Error> failure(TimePoint now) const;
  std::optional<IceFacts> facts() const { return facts_; }

 private:
  void note(TimePoint now);
  void noteReflexive();

  sdp::IceDescription description_;
  std::string in_force_;  // our fragment
  media::ice::IceAgent agent_;
  std::optional<media::ice::ReflexiveQuery> query_;  // until a pair is selected
  std::optional<Endpoint> reflexive_;
  std::optional<IceFacts> facts_;
};

}  // namespace sallyport::phone
