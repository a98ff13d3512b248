// SPDX-License-Identifier: Apache-2.0
#pragma once
// A call: pairs two legs and their media. Nothing else knows both sides. Every change of state
// carries its cause, and what was proven and decided is gathered in the call's record as it happens.
//
// Owned by the CallServer of one worker.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call/callee_search.h"
#include "call/leaving_legs.h"
#include "call/leg.h"
#include "call/media_session.h"
#include "call/transfer.h"
#include "guard/admission_chain.h"
#include "telemetry/call_record.h"
#include "telemetry/event.h"

namespace sallyport::call {

class Bridge;

// What a call tells its worker.
class CallEvents {
 public:
  virtual ~CallEvents() = default;
  virtual void onCallAnswered(Bridge& call) = 0;
  virtual void onCallEnded(Bridge& call) = 0;   // media is closed, the record is complete
  virtual void onMediaMoved(Bridge& call) = 0;  // its deadline() may be another; from outside any entry
};

// An INVITE that is to take over a side of a call (RFC 3891), already admitted.
struct Newcomer {
  sip::ServerTransactionId id;
  sip::FlowId flow;
  sip::Message invite;
  guard::CallPermits permits;
};

struct CallPlan {
  std::string id;
  EdgePolicyPtr policy;
  const PeerPolicy* caller = nullptr;  // lives in `policy`
  TargetPlan targets;                  // at least one
  unsigned max_forwards = 70;
  telemetry::CallRecord record;  // with what is known before the call begins
  guard::CallPermits permits;
};

class Bridge final : private LegEvents, private CalleeSearch::Owner, private MediaSession::Watcher {
 public:
  Bridge(LegContext& context, MediaPortFactory& ports, CallEvents& events, telemetry::EventSink& log, CallPlan plan);
  ~Bridge() override;

  // The caller's INVITE, already admitted and routed.
  void start(sip::ServerTransactionId id, sip::FlowId flow, sip::Message invite);

  // The newcomer takes the place of that leg once the other side agrees. Error: "call.refer.pending" (the call can not
  // be taken apart now), and then the newcomer is as it was; whatever is met later is answered to it.
  Status replace(const Leg& replaced, Newcomer& newcomer);

  // Ends both sides. Later calls change nothing: the first cause stands.
  void end(EndCause cause);

  // Once a second at least: media timeout, unanswered calls.
  void watch();
  std::optional<TimePoint> deadline() const;
  void advance();

  const std::string& id() const { return plan_.id; }
  // Lets go of legs that have nothing more to say; not from within an event of a leg.
  void tidy();
  // Those whose legs make up the call at the moment, or are being tried.
  std::vector<std::string_view> peers() const;
  const EndCause& cause() const { return cause_; }
  bool isAnswered() const { return state_ == State::answered; }
  bool isOver() const { return state_ == State::over; }
  // Over, and no leg has anything more to say; asked after tidy().
  bool isFinished() const { return state_ == State::over && leaving_.empty(); }

  // The record with the media figures of now.
  telemetry::CallRecord record() const;

 private:
  enum class State : std::uint8_t { setup, answered, over };

  void tellKeys();
  void tellZrtp();

  void onProgress(Leg&, int, std::string_view) override {}
  void onAnswer(Leg& leg, std::string_view sdp) override;
  void onRejected(Leg& leg, const Rejection& why) override;
  void onOffer(Leg& leg, std::string_view sdp) override;
  void onOfferWanted(Leg& leg) override;
  void onRefreshDue(Leg& leg) override;
  void onLocalAnswer(Leg& leg, std::string_view sdp) override;
  void onAcknowledged(Leg& leg) override;
  void onCancel(Leg& leg) override;
  void onRefer(Leg& leg, const Refer& refer) override;
  std::optional<Surrendered> onSurrender(Leg& leg) override;
  Status onInfo(Leg& leg, std::string_view content_type, std::string_view body) override;
  void onBye(Leg& leg, std::string_view reason) override;
  void onLost(Leg& leg, const Error& error) override;

  InvitePlan inviteTo(const Target& target) const override;
  void onRinging(const Leg& leg, int status) override;
  void onEarlyMedia(const Leg& leg, int status) override;
  void onAttemptOver(const Target& target, const std::string& sip_call_id, telemetry::CallAttempt attempt) override;
  Result<guard::CallPermits> admit(const Target& target) override;
  Result<std::vector<TargetGroup>> redirect(const PeerPolicy& by, std::string_view contact) override;
  void onFound(std::unique_ptr<Leg> leg, MediaSession::Branch branch) override;
  void onNobody(EndCause cause) override;

  void onMediaMoved() override {
    tellKeys();
    events_.onMediaMoved(*this);
  }

  std::unique_ptr<Leg>& at(LegRole place) { return place == LegRole::caller ? caller_ : callee_; }
  // Null while that side is empty: its party has left and another is being called.
  Leg* other(const Leg& leg) { return at(oppositeOf(leg.role())).get(); }
  // It is being asked to agree to the media of who joins.
  bool isAgreeing(const Leg& leg) const {
    return transfer_ && transfer_->step == Transfer::Step::agreeing && leg.role() != transfer_->place;
  }
  bool isSettled() const {
    return state_ == State::answered && !transfer_ && reoffering_ == nullptr && media_.isAgreed();
  }
  bool isJoining(const Leg& leg) const { return transfer_ && transfer_->joining.get() == &leg; }
  static media::Side sideOf(const Leg& leg) { return leg.role() == LegRole::caller ? media::Side::a : media::Side::b; }
  IpAddress::Family familyOf(const Leg& leg) const;
  MediaPlace placeOf(const PeerPolicy& peer, sip::FlowId flow) const;
  CalleeSearch::Parts searchParts(CalleeSearch::Offer offer);
  void refuseMedia(const Leg& leg, const Error& error);
  void answerOffer(Leg& from, std::string_view sdp);
  void abandonOffer(int status);
  void finishOffer();
  Status startTransfer(Leg& transferor, const Refer& refer);
  Status joinOtherCall(Leg& transferor, const Refer& refer);
  void onJoiningAnswer(std::string_view sdp);
  Status join(Leg& newcomer, std::string_view sdp);
  Status answerJoining();
  void askRemaining();
  void completeTransfer(Leg& remaining, std::string_view sdp);
  void failTransfer(int status, std::string_view code);
  void onTransferorGone(Leg& leg);
  std::unique_ptr<Transfer> takeTransfer();
  void passOnHold(Leg& leg);
  void proveLeg(const Leg& leg);
  void finishRecord();

  LegContext& context_;
  CallEvents& events_;
  telemetry::EventSink& log_;
  CallPlan plan_;
  MediaSession media_;
  LeavingLegs leaving_;
  std::unique_ptr<Leg> caller_;
  std::unique_ptr<Leg> callee_;           // once it has answered
  std::unique_ptr<CalleeSearch> search_;  // since start()
  std::array<std::string, 2> proven_;     // the local tags of the legs whose proof the record has
  State state_ = State::setup;
  bool late_offer_ = false;  // the INVITE came without an offer
  std::unique_ptr<Transfer> transfer_;
  std::vector<std::unique_ptr<Transfer>> past_transfers_;  // until the end of the turn
  std::vector<guard::CallPermits> joined_permits_;         // of where it was transferred or redirected to
  bool realign_ = false;       // the caller was told reliably of other media than were agreed in the end
  Leg* reoffering_ = nullptr;  // whose offer the other side is being asked about
  bool withdrawn_ = false;     // the other side is still being asked what nobody wants to know any more
  std::optional<TimePoint> reoffer_by_;
  std::optional<TimePoint> answer_by_;
  EndCause cause_;
};

}  // namespace sallyport::call
