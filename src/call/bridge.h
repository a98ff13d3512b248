// SPDX-License-Identifier: Apache-2.0
#pragma once
// A call: pairs two legs and their media. Nothing else knows both sides. Every change of state
// carries its cause, and what was proven and decided is gathered in the call's record as it happens.
//
// Owned by the CallServer of one worker.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call/leg.h"
#include "call/media_session.h"
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
  virtual void onCallEnded(Bridge& call) = 0;  // media is closed, the record is complete
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

class Bridge final : public LegEvents {
 public:
  Bridge(LegContext& context, MediaPortFactory& ports, CallEvents& events, telemetry::EventSink& log, CallPlan plan);
  ~Bridge() override;

  // The caller's INVITE, already admitted and routed.
  void start(sip::ServerTransactionId id, sip::FlowId flow, sip::Message invite);

  // Ends both sides. Later calls change nothing: the first cause stands.
  void end(EndCause cause);

  // Once a second at least: media timeout, unanswered calls.
  void watch();
  std::optional<TimePoint> deadline() const;
  void advance();

  const std::string& id() const { return plan_.id; }
  Leg& leg(LegRole role) { return role == LegRole::caller ? *caller_ : *callee_; }
  const EndCause& cause() const { return cause_; }
  bool isAnswered() const { return state_ == State::answered; }
  bool isOver() const { return state_ == State::over; }
  bool isFinished() const;  // over, and both legs have nothing more to say

  // The record with the media figures of now.
  telemetry::CallRecord record() const;

  void onProgress(Leg& leg, int status, std::string_view sdp) override;
  void onAnswer(Leg& leg, std::string_view sdp) override;
  void onRejected(Leg& leg, int status, const Error& error) override;
  void onOffer(Leg& leg, std::string_view sdp) override;
  void onOfferWanted(Leg& leg) override;
  void onRefreshDue(Leg& leg) override;
  void onLocalAnswer(Leg& leg, std::string_view sdp) override;
  void onCancel(Leg& leg) override;
  void onBye(Leg& leg, std::string_view reason) override;
  void onLost(Leg& leg, const Error& error) override;

 private:
  enum class State : std::uint8_t { setup, answered, over };

  Leg& other(const Leg& leg) { return &leg == caller_.get() ? *callee_ : *caller_; }
  static media::Side sideOf(const Leg& leg) { return leg.role() == LegRole::caller ? media::Side::a : media::Side::b; }
  static std::string nameOf(const Leg& leg) { return leg.role() == LegRole::caller ? "caller" : "callee"; }

  InvitePlan inviteFor(const Target& target, const sip::Message& invite) const;
  void refuseMedia(const Leg& leg, const Error& error);
  void answerInitial(std::string_view sdp);
  void answerOffer(Leg& from, std::string_view sdp);
  void abandonOffer(int status);
  void finishOffer();
  void proveLeg(const Leg& leg);
  void finishRecord();

  LegContext& context_;
  CallEvents& events_;
  telemetry::EventSink& log_;
  CallPlan plan_;
  MediaSession media_;
  std::unique_ptr<Leg> caller_;
  std::unique_ptr<Leg> callee_;
  State state_ = State::setup;
  bool late_offer_ = false;    // the INVITE came without an offer
  bool early_answer_ = false;  // an 18x already carried the callee's answer
  Leg* reoffering_ = nullptr;  // whose offer the other side is being asked about
  bool withdrawn_ = false;     // the other side is still being asked what nobody wants to know any more
  std::optional<TimePoint> reoffer_by_;
  std::optional<TimePoint> answer_by_;
  EndCause cause_;
};

}  // namespace sallyport::call
