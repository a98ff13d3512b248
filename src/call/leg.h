// SPDX-License-Identifier: Apache-2.0
#pragma once
// One side of a call: its dialog, the request in progress each way, 2xx retransmission, session
// timer, and everything that stands on the wire towards that peer. A leg knows nothing of the other
// side; what it hears it tells its LegEvents, and what the call decides it is told by method calls.
//
// RFC 3261 12-15, 13.3.1.4 and 22.2, RFC 3262 (100rel), RFC 3311 (UPDATE), RFC 4028 (session timers). Owned by a
// Bridge or its search, on the worker that took the call. Reads no clock: the time is LegContext::now.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/leg_context.h"
#include "call/leg_events.h"
#include "call/reliable_provisional.h"
#include "guard/admission_chain.h"
#include "sip/dialog.h"
#include "sip/session_timer.h"

namespace sallyport::call {

// What Allow says, and all that a leg answers with anything but a refusal.
inline constexpr std::string_view kSupported = "timer, 100rel, replaces";

// The parts of our INVITE that the call decides.
struct InvitePlan {
  std::string request_uri;
  std::string from_uri;
  std::string from_display;  // plain text; empty: none
  std::string to_uri;
  std::string asserted_identity;   // empty: none (RFC 3325)
  std::string privacy;             // empty: none (RFC 3323)
  std::vector<std::string> route;  // URIs, nearest first
  std::string sdp;
  unsigned max_forwards = 70;
  CarriedHeaders carried;  // from the caller, by the header policies of both sides
};

class Leg {
 public:
  // The target's peer lives in `policy`, which the leg keeps.
  Leg(LegContext& context, LegEvents& events, std::string call, LegRole role, EdgePolicyPtr policy, Target target);
  ~Leg();
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;

  // --- the caller's side: takes the initial INVITE and answers 100 --------------------------------
  Status take(sip::ServerTransactionId id, sip::FlowId flow, sip::Message invite);
  // Reliably where the caller asks for that (RFC 3262): then what is said of media binds, so `tentative` says it only
  // where it need not be reliable.
  enum class Commitment : std::uint8_t { binding, tentative };
  void progress(int status, std::string_view sdp, Commitment commitment);
  // The INVITE's offer has been answered reliably: what differs from that takes an offer of ours.
  bool isDescribed() const { return !described_.empty(); }
  bool isDescribedAs(std::string_view sdp) const { return described_ == sdp; }

  // --- the callee's side ---------------------------------------------------------------------------
  void invite(InvitePlan plan);  // failures come as onRejected
  // What counts this leg at its peer, until it is given back.
  void hold(guard::CallPermits permits) { permits_ = std::move(permits); }
  void giveBack() { permits_ = {}; }

  // Who hears from now on.
  void tell(LegEvents& events) { events_ = &events; }

  // --- either side ---------------------------------------------------------------------------------
  // The pending INVITE or UPDATE of the peer. A 2xx waits for the PRACK of a description (RFC 3262 3).
  void answer(std::string_view sdp);
  void answerWithOffer(std::string_view sdp);  // our offer; the answer comes as onLocalAnswer
  void reject(int status, std::optional<std::chrono::seconds> retry_after = {});
  bool hasPendingRequest() const { return pending_ != nullptr; }
  const sip::Message* pendingRequest() const { return pending_ ? &pending_->request : nullptr; }
  // A re-INVITE, or an UPDATE where the peer allows it and `method` says so. Error: "call.glare".
  Status offer(sip::Method method, std::string_view sdp);
  // Takes back what offer() sent, if it can be: the answer, or its refusal, comes all the same.
  // False: there is none, or it has been answered.
  bool withdrawOffer();
  // A re-INVITE that repeats our current description (RFC 4028 7.4).
  void refreshWith(std::string_view sdp);
  void sendInfo(std::string_view content_type, std::string_view body);  // its answer changes nothing
  // The pending REFER. Accepted, the peer hears of its progress by NOTIFY where it wants to (RFC 3515 2.4.4, RFC 4488);
  // a final status is the last that it hears.
  void acceptRefer();
  void rejectRefer(const Error& error);
  void notifyRefer(int status);
  // The other side of the call this is in is given up to another call, which ends this one; nothing when that can not
  // be.
  std::optional<Surrendered> surrenderOther();
  // From now on a side of that call.
  void moveTo(std::string call, LegRole role, LegEvents& events);
  // Ends this side whatever its state: rejects, cancels or says BYE.
  // `onceNotified`: not before the NOTIFYs that are under way have been answered.
  enum class Goodbye : std::uint8_t { atOnce, onceNotified };
  void end(const EndCause& cause, Goodbye goodbye = Goodbye::atOnce);

  // --- from the call server --------------------------------------------------------------------------
  void onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request);
  void onAck(sip::FlowId flow, const sip::Message& ack);
  void onCancel(sip::ServerTransactionId invite);
  void onResponse(sip::ClientTransactionId id, sip::FlowId flow, const sip::Message& response);
  void onClientFailure(sip::ClientTransactionId id, const Error& error);
  void onServerFailure(const Error& error);
  void onFlowClosed(sip::FlowId flow);
  void advance();  // fires what is due at context.now
  std::optional<TimePoint> deadline() const;

  const std::string& call() const { return call_; }  // the id of the call this is a side of
  LegRole role() const { return role_; }
  const PeerPolicy& peer() const { return *target_.peer; }
  const Target& target() const { return target_; }
  std::string_view remoteTag() const { return dialog_ ? std::string_view{dialog_->remoteTag()} : std::string_view{}; }
  const std::string& localTag() const { return local_tag_; }
  const std::string& callId() const { return call_id_; }
  sip::FlowId flow() const { return flow_; }
  // The principal this leg was opened with; an in-dialog request must come from the same.
  const std::string& identity() const { return identity_; }
  bool isConfirmed() const { return dialog_ && dialog_->state() == sip::Dialog::State::confirmed; }
  bool isFinished() const;  // nothing more to say or to wait for

 private:
  enum class Purpose : std::uint8_t { initial, offer, refresh, aside, bye };  // aside: changes nothing by its answer
  enum class Reliability : std::uint8_t { none, descriptions, all };  // of provisional responses, as the caller asks
  struct PendingRequest {                                             // the peer's, not yet finally answered
    sip::ServerTransactionId id;
    sip::Message request;
  };
  using Asked = std::unique_ptr<PendingRequest>;  // nearly always nothing
  using Headers = std::vector<std::pair<sip::HeaderId, std::string>>;
  struct Content {  // what a request inside the dialog says
    std::string type = {};
    std::string body = {};
    Headers headers = {};
  };
  struct OwnRequest {  // ours, not yet finally answered
    sip::ClientTransactionId id;
    Purpose purpose;
    sip::Method method;
    std::string branch;
    std::uint32_t cseq = 0;
    Content content = {};  // should it have to be said again
    identity::DigestAttempts attempts = {};
    std::string invite = {};     // its bytes, should it have to be cancelled
    bool provisional = false;    // has been answered so: it may be cancelled
    bool cancel_wanted = false;  // no later than when that comes
    bool cancelled = false;
  };
  struct Progress {
    int status = 0;
    std::string sdp;
  };
  struct UnackedAnswer {  // RFC 3261 13.3.1.4
    std::string bytes;
    std::chrono::milliseconds interval;
    TimePoint next;
    TimePoint give_up;
  };

  sip::SessionTimerPolicy sessionPolicy() const;
  std::string via(std::string_view branch) const;
  std::string newBranch() const;
  std::string contact() const;
  void respond(sip::ServerTransactionId id, int status, std::string bytes);
  void refuse(sip::ServerTransactionId id, const sip::Message& request, int status,
              std::optional<std::chrono::seconds> retry_after = {});
  sip::MessageWriter responseTo(const sip::Message& request, int status);
  void sendReliably(int status, std::string_view sdp);
  void onRefer(sip::ServerTransactionId id, sip::Message request);
  void onInfo(sip::ServerTransactionId id, const sip::Message& request);
  void onForkRequest(sip::ServerTransactionId id, sip::Dialog& fork, const sip::Message& request);
  void onPrack(sip::ServerTransactionId id, sip::Message request);
  void onRefresh(sip::ServerTransactionId id, sip::Message request);
  void onEarlyOffer(sip::ServerTransactionId id, sip::Message request);

  std::string initialInvite(const std::string& branch);
  void sendInitialInvite(sip::FlowId flow);
  void onInitialResponse(const sip::Message& response);
  static Rejection rejectionBy(const sip::Message& response);
  void onInitialSuccess(const sip::Message& response);
  void onOfferResponse(const OwnRequest& own, const sip::Message& response);
  sip::Dialog* dialogWith(std::string_view remote_tag);
  void onInitialProgress(const sip::Message& response);
  void acknowledge(const sip::Dialog& dialog, std::uint32_t cseq);
  void acknowledge(sip::Dialog& dialog, const RAck& rack);
  void startOver();
  void cancelOwnInvites();
  void cancel(OwnRequest& own);

  void sendInDialog(sip::Method method, Purpose purpose, Content content);
  void sendInDialog(sip::Dialog& dialog, OwnRequest own, std::optional<Authorization> proof);
  void onChallenge(OwnRequest own, const sip::Message& challenge);
  bool isStillWanted(const OwnRequest& own) const;
  std::optional<Authorization> standingProof(std::string_view method, std::string_view uri);
  void sendOn(sip::FlowId flow, OwnRequest own, std::string bytes);
  void useFlow(sip::FlowId flow);
  void withFlow(std::function<void(Leg&, Result<sip::FlowId>)> use);
  // What the peer may send here, for Allow; not `refused`.
  std::string allow(std::string_view refused = {}) const;
  void letGo(const OwnRequest& own, const sip::Message& final_response);
  void sayBye();
  void refresh();
  void startSessionTimer(const sip::SessionTimer& timer);
  void agreeOnSessionTimer(const sip::Message& response);
  void failOwn(const OwnRequest& own, const Rejection& why);
  void onAsideOver(const OwnRequest& own);

  LegContext& context_;
  LegEvents* events_;
  std::string call_;
  LegRole role_;
  const EdgePolicyPtr policy_;
  const Target target_;  // for a caller its peer only
  const std::string local_tag_;
  std::string call_id_;
  std::string identity_;
  sip::FlowId flow_{};
  Transport transport_ = Transport::tls;  // of the flow
  std::string listener_;                  // that it came by
  bool flow_alive_ = false;

  std::optional<sip::Dialog> dialog_;
  std::vector<sip::Dialog> forks_;  // further early dialogs of our INVITE
  Asked pending_;
  Asked early_offer_;  // of an UPDATE or PRACK while their INVITE is pending
  std::vector<OwnRequest> own_;
  std::vector<sip::ClientTransactionId> accepted_;  // INVITEs of ours whose 2xx may come again
  unsigned waiting_for_flow_ = 0;                   // requests of ours that a connection is being made for
  std::optional<UnackedAnswer> unacked_;
  Reliability reliability_ = Reliability::none;
  UnackedProvisional provisional_;
  std::optional<Progress> next_progress_;  // to be said once that is acknowledged
  std::optional<std::string> held_answer_;
  std::string described_;                  // what an 18x has said reliably
  ProvisionalOrder order_;                 // of what answers our INVITE
  bool answered_early_ = false;            // our INVITE's offer, reliably
  Asked refer_;                            // to be accepted or rejected
  std::optional<std::uint32_t> referred_;  // the CSeq of the REFER whose progress is notified
  bool offer_in_answer_ = false;           // our 2xx carried an offer: the ACK owes the answer

  InvitePlan plan_;  // of the INVITE that opens the dialog; once that is answered, its Request-URI alone
  guard::CallPermits permits_;
  bool challenged_ = false;                    // by the peer: it is asked nothing without proof any more
  identity::DigestAttempts attempts_;          // of the INVITE that opens the dialog
  std::optional<Authorization> invite_proof_;  // of the INVITE sent last: its ACK repeats it (RFC 3261 22.1)
  bool initial_pending_ = false;               // our INVITE has no final response
  bool cancel_wanted_ = false;
  bool ended_ = false;  // end() was called or the peer said BYE
  bool bye_waits_for_ack_ = false;
  bool bye_waits_for_notify_ = false;  // the transferor is to have heard how it went before it is hung up on
  bool peer_allows_update_ = false;
  std::string bye_reason_;
  std::uint32_t initial_cseq_ = 0;
  unsigned session_retries_ = 0;
  sip::SessionExpires asked_;
  std::optional<sip::SessionTimer> session_;
  std::optional<TimePoint> refresh_at_, expires_at_;
};

}  // namespace sallyport::call
