// SPDX-License-Identifier: Apache-2.0
#pragma once
// Looks for somebody to take one side of a call. The groups of the plan are tried one after the other, the targets
// of a group together (RFC 3261 16.6, 16.7): each attempt is a leg with ports and keys of its own, the first 2xx
// wins, a 6xx ends it, the others are told to stop. A group whose every attempt failed for reasons of the way there,
// not of the person called, is followed by the next; none is once the caller has heard early media. A target whose
// trunk is full or taken out of service is passed over. Where a peer may redirect, what its 3xx names is tried next.
// Where its policy knows several keyings, a 488 to the first is followed by an offer of the next: one m= line offers
// one of them (RFC 3264 6.1), and no counterpart is known to read capability negotiation (RFC 5939).
//
// Owned by a Bridge. Reads no clock: the time is LegContext::now.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "call/leaving_legs.h"
#include "call/leg.h"
#include "call/media_session.h"
#include "call/surrender.h"
#include "telemetry/call_record.h"
#include "telemetry/event.h"

namespace sallyport::call {

class CalleeSearch final : private LegEvents {
 public:
  // The call that searches. onFound() and onNobody() come once, last in their turn.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual InvitePlan inviteTo(const Target& target) const = 0;  // all but the offer
    // 180 and the like, nothing to be heard yet.
    virtual void onRinging(const Leg& leg, int status) = 0;
    // The side's media is this attempt's from now on: its description has been read.
    virtual void onEarlyMedia(const Leg& leg, int status) = 0;
    // `sip_call_id` is empty when nothing was sent.
    virtual void onAttemptOver(const Target& target, const std::string& sip_call_id,
                               telemetry::CallAttempt attempt) = 0;
    // What counts one more call to there. Errors: those of CallRouter::admit().
    virtual Result<guard::CallPermits> admit(const Target& target) = 0;
    // Where a contact of that peer's redirect leads. Errors: those of CallRouter::onward().
    virtual Result<std::vector<TargetGroup>> redirect(const PeerPolicy& by, std::string_view contact) = 0;
    // It has answered and its description has been read; the leg is the call's.
    virtual void onFound(std::unique_ptr<Leg> leg, MediaSession::Branch branch) = 0;
    virtual void onNobody(EndCause cause) = 0;
  };

  // Of what the other side has offered, or ours; or of what it can do, to a party that joins a running call: then
  // nothing is heard of it before onFound().
  enum class Offer : std::uint8_t { onward, opening, joining };
  struct Parts {
    LegContext& context;
    MediaSession& media;
    LeavingLegs& leaving;
    telemetry::EventSink& log;
    Owner& owner;
    std::string call;
    EdgePolicyPtr policy;
    LegRole role = LegRole::callee;                    // the place to be taken
    IpAddress::Family family = IpAddress::Family::v4;  // of media to a target whose address is not known beforehand
    Offer offer = Offer::onward;
  };

  CalleeSearch(Parts parts, TargetPlan plan);
  ~CalleeSearch() override;

  // The first group. onNobody() may come from within.
  void start();
  // Nobody is wanted any more: those that ring are told so.
  void abandon(const EndCause& cause);

  bool isOver() const { return over_; }
  // Nobody but this one can answer any more.
  bool isLast(const Leg& leg) const;
  std::optional<TimePoint> deadline() const;
  void advance();
  // The peers that are being tried.
  void peers(std::vector<std::string_view>& names) const;

 private:
  static Error refusal() { return {ErrorKind::unavailable, "call.not_answered", ""}; }

  struct Attempt {
    std::unique_ptr<Leg> leg;
    MediaSession::Branch branch;
    std::size_t keying = 0;  // which of its policy's was offered
    TimePoint started;
    std::optional<TimePoint> ring_by;  // while nothing but 100 came
    std::string early_sdp;             // the last that it described itself with, read or not
  };
  enum class Next : std::uint8_t {
    none,      // an answer, and the caller's
    others,    // those that are still to be tried
    followed,  // where it has redirected to
  };
  struct Failure {
    int status = 0;  // as it was given, or stands for: 408, 503
    Error error;
    std::string by;  // as in EndCause
    int told = 0;    // what the caller is told
    Next next = Next::none;
    std::optional<std::chrono::seconds> retry_after = {};
  };

  void onProgress(Leg& leg, int status, std::string_view sdp) override;
  void onAnswer(Leg& leg, std::string_view sdp) override;
  void onRejected(Leg& leg, const Rejection& why) override;
  void onOffer(Leg& leg, std::string_view sdp) override;
  void onOfferWanted(Leg& leg) override { leg.reject(491); }
  void onRefreshDue(Leg&) override {}
  void onLocalAnswer(Leg&, std::string_view) override {}
  void onAcknowledged(Leg&) override {}
  void onCancel(Leg& leg) override { leg.reject(487); }
  void onRefer(Leg& leg, const Refer&) override { leg.rejectRefer(refusal()); }
  std::optional<Surrendered> onSurrender(Leg&) override { return std::nullopt; }
  Status onInfo(Leg&, std::string_view, std::string_view) override { return refusal(); }
  void onBye(Leg& leg, std::string_view reason) override;
  void onLost(Leg& leg, const Error& error) override;

  media::Side side() const { return parts_.role == LegRole::caller ? media::Side::a : media::Side::b; }
  Attempt* of(const Leg& leg);
  void startNextGroup();
  bool startAttempt(const Target& target, std::size_t keying = 0);
  bool mayOfferOtherwise(const Attempt& attempt, const Rejection& why) const;
  void offerOtherwise(Attempt& attempt, const Rejection& why);
  void passOver(const Target& target, const Error& error);
  bool follow(const Leg& leg, const Rejection& why);
  bool mayGoOn() const;
  bool isNews(int status);
  MediaPlace placeOf(const Target& target) const;
  Result<std::string> offerOn(MediaSession::Branch branch);
  Status readDescription(Attempt& attempt, std::string_view sdp);
  void useEarlyMedia(Attempt& attempt, int status);
  void refuseMedia(Attempt& attempt, const Error& error);
  void fail(Attempt& attempt, Failure failure);
  void conclude();
  void tellObserver(const Target& target, const Failure& failure);
  void report(const Attempt& attempt, int status, const std::string& code);
  void logFailure(const Target& target, const Failure& failure);
  const Failure& best() const;
  std::unique_ptr<Leg> take(Attempt& attempt);
  void stopOthers(const EndCause& cause);
  void dropBranches();

  Parts parts_;
  TargetPlan plan_;
  std::size_t next_group_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // those under way
  std::vector<MediaSession::Branch> past_branches_;
  std::vector<Failure> failures_;
  std::size_t group_begins_ = 0;  // of failures_, those of the group under way
  const Leg* early_ = nullptr;    // whose early media the caller hears
  bool early_given_ = false;
  unsigned redirects_ = 0;          // that were followed
  std::set<std::string> followed_;  // user@host of their contacts
  unsigned told_ = 0;               // which of 180 to 183 the caller has heard while several ring
  bool starting_ = false;
  bool over_ = false;
};

}  // namespace sallyport::call
