// SPDX-License-Identifier: Apache-2.0
#pragma once
// A full ICE agent (RFC 8445) for one stream, with trickle (RFC 8838) and consent freshness (RFC 7675): it pairs its
// candidates with the peer's, checks them at a bounded pace, nominates by the regular rule when it controls, and keeps
// proving that the peer wants to be sent to. Candidates of its own other than host ones are gathered by its owner.
//
// One per media stream, its owner's; feeds on what classify() calls STUN. No I/O, no clock: datagrams and time come in,
// datagrams go out. What is not authenticated changes nothing and gets no answer.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "media/ice/candidate.h"
#include "media/ice/check_gate.h"
#include "media/ice/check_list.h"
#include "media/ice/consent_watch.h"
#include "media/ice/own_checks.h"
#include "media/ice/validated_pair.h"

namespace sallyport::media::ice {

enum class RemoteMode : std::uint8_t { full, lite };

struct AgentConfig {
  Role role = Role::controlling;  // who offers controls (RFC 8445 6.1.1)
  Credentials local;
  std::uint64_t tie_breaker = 0;  // random
  Component components = 1;       // 2 where RTCP has a port of its own
  AddressPolicy remotes;
  CheckLimits limits;
  CheckTiming timing;
};

class IceAgent {
 public:
  static constexpr std::size_t kMostLocals = 8, kMostRemotes = 32;

  explicit IceAgent(AgentConfig config);

  // --- candidates ------------------------------------------------------------------------------------
  // A socket that checks are sent from: a host or a relayed candidate. Error: "media.ice.candidate" (internal: of no
  // component of ours, or one too many).
  Result<LocalIndex> addLocal(const Candidate& candidate);
  // The peer's credentials; checks begin. The same again changes nothing. Error: "media.ice.restart_needed"
  // (peerMisbehaved: others, and we have not restarted).
  Status setRemote(const Credentials& remote, RemoteMode mode, TimePoint now);
  // One of the peer's candidates, before or after the others. Errors: "media.ice.address" (peerDenied: where nobody of
  // ours is to send), "media.ice.too_many_candidates" (peerMisbehaved), "media.ice.candidate" (peerMisbehaved: of no
  // component of ours), "media.ice.ended" (peerMisbehaved: it had said that there are no more).
  Status addRemote(const Candidate& candidate, TimePoint now);
  void endOfRemoteCandidates() { remote_ended_ = true; }
  // RFC 8445 9: other credentials of ours, the peer's are to come. Media goes on over the selected pairs until others
  // are.
  void restart(Credentials local);

  // --- datagrams and time -----------------------------------------------------------------------------
  StunOutcome onStun(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now);
  void advance(TimePoint now);
  std::optional<TimePoint> deadline() const;  // when advance() has something to do
  std::vector<Transmission> takeTransmissions() { return std::exchange(outbox_, {}); }

  // --- what has come of it -----------------------------------------------------------------------------
  enum class State : std::uint8_t {
    idle,  // the peer's credentials are not known
    checking,
    connected,     // every component has a pair that works
    completed,     // and one that is nominated
    disconnected,  // consent has run out: only a restart helps
    failed,        // nothing works, and enough time has passed
  };
  State state(TimePoint now) const;
  // Where the component is sent to: nothing before a nomination, and once consent has run out.
  std::optional<ValidatedPair> selected(Component component, TimePoint now) const;
  // Whether `source` may be heard at that socket.
  std::optional<ValidatedPair> validated(LocalIndex local, const Endpoint& source, TimePoint now) const;
  Role role() const { return role_; }
  const CheckList& checkList() const { return list_; }
  const StunCounters& counters() const { return counters_; }

 private:
  struct Selected {
    LocalIndex local = 0;
    Endpoint remote;
    PeerSessionPtr session;
    std::uint32_t priority = 0;
    ConsentWatch consent;
  };
  struct PeerCheck {  // an authenticated one
    LocalIndex local = 0;
    Endpoint source;
    std::uint32_t priority = 0;
    Nomination nomination = Nomination::no;
  };

  // agent.cpp
  void pairUp(LocalIndex local, const Candidate& remote);
  bool isSelected(Component component) const;
  bool hasValid(Component component) const;
  TimePoint patienceEnds() const;
  bool everyComponent(bool (IceAgent::*holds)(Component) const) const;
  Component componentOf(LocalIndex local) const { return locals_[local].component; }

  // agent_peer_checks.cpp
  StunOutcome onRequest(LocalIndex local, const Endpoint& source, const stun::Message& message, TimePoint now);
  std::optional<int> settleRoles(const stun::Message& check);
  void onPeerCheck(const PeerCheck& check, TimePoint now);
  CheckPair* pairOf(const PeerCheck& check);
  bool concernsFormer(const PeerCheck& check) const;

  // agent_own_checks.cpp
  void sendCheck(CheckPair& pair, TimePoint now);
  StunOutcome onResponse(LocalIndex local, const Endpoint& source, const stun::Message& message, TimePoint now);
  void onSuccess(const OwnCheck& check, TimePoint now);
  void onFailure(const OwnCheck& check, int code);
  void onRoleConflict(const OwnCheck& check, CheckPair& pair);
  bool onConsent(LocalIndex local, const Endpoint& source, const stun::Message& message, TimePoint now);
  void askForConsent(TimePoint now);
  void nominateWhatIsBest(TimePoint now);
  CheckPair* bestToNominate(Component component, TimePoint now);
  bool awaitsNomination(Component component) const;
  void select(CheckPair& pair, TimePoint now);

  Role role_;
  std::uint64_t tie_breaker_;
  const Component components_;
  const AddressPolicy remote_policy_;
  const CheckTiming timing_;
  CheckGate gate_;
  RemoteMode remote_mode_ = RemoteMode::full;
  PeerSessionPtr session_;          // nothing: the peer's credentials are to come
  std::vector<Candidate> locals_;   // kMostLocals at most
  std::vector<Candidate> remotes_;  // kMostRemotes at most
  std::vector<PeerCheck> early_;    // before the peer's credentials; as many at most
  bool remote_ended_ = false;
  CheckList list_;
  OwnChecks checks_;
  TimePoint next_check_{};
  std::optional<TimePoint> started_;
  TimePoint last_told_{};  // of a candidate of the peer's
  TimePoint advanced_{};   // what was due by then has been seen to
  std::array<std::optional<TimePoint>, kComponents> first_valid_;
  std::array<std::optional<Selected>, kComponents> selected_;
  std::vector<Transmission> outbox_;
  StunCounters counters_;
};

}  // namespace sallyport::media::ice
