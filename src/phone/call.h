// SPDX-License-Identifier: Apache-2.0
#pragma once
// One call as the phone lives it: INVITE to BYE from either side (RFC 3261 12-15), early media, hold and
// resume by re-INVITE, UPDATE (RFC 3311), session timers (RFC 4028), and its offer/answer. Sends through
// the transaction layer, tells its CallEvents; opens no socket, reads no clock.
//
// Owned by the UserAgent, on its thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "phone/account.h"
#include "phone/media_agreement.h"
#include "sip/dialog.h"
#include "sip/session_timer.h"
#include "sip/transaction_layer.h"

namespace sallyport::phone {

class Call;

// Who sent a request of ours and hears what becomes of it.
class RequestOwner {
 public:
  virtual ~RequestOwner() = default;
  virtual void onResponse(sip::ClientTransactionId id, const sip::Message& response) = 0;
  virtual void onClientFailure(sip::ClientTransactionId id, const Error& error) = 0;
  virtual bool isEnded() const = 0;
};

// Why a call is over. `code` is stable: "phone.call.bye", ".hung_up", ".cancelled", ".rejected", ".declined",
// ".unanswered", ".lost", or the code of the Error that ended it.
struct CallEnd {
  std::string code;
  std::string detail;
  int status = 0;      // the final SIP status of the INVITE, 0 when there was none
  std::string reason;  // its phrase
};

// What a call tells. A handler may call back into the call, and must not destroy it.
class CallEvents {
 public:
  virtual ~CallEvents() = default;
  virtual void onProgress(Call& call, int status) = 0;       // 101-199 to our INVITE
  virtual void onAnswered(Call& call) = 0;                   // both sides have agreed to talk
  virtual void onMedia(Call& call, MediaPlanPtr plan) = 0;   // agreed, early or changed
  virtual void onMediaOver(Call& call) = 0;                  // no packet from here on; once, if there was media
  virtual void onEnded(Call& call, const CallEnd& end) = 0;  // the last word, once
};

// What calls need of the connections and of each other.
class CallHost {
 public:
  virtual ~CallHost() = default;
  virtual void send(sip::FlowId flow, std::string_view bytes) = 0;
  virtual void bind(sip::ClientTransactionId id, RequestOwner& owner) = 0;
  virtual void bind(sip::ServerTransactionId id, Call& call) = 0;
  virtual sip::TransactionLayer& transactions() = 0;
  virtual const sip::TimerConfig& timers() const = 0;
  virtual Account* account() = 0;  // what challenges are answered with; null: a challenge is a refusal
  virtual TimePoint now() const = 0;
};

// How we are reached and known; the same for every message of a call.
struct LocalParty {
  std::string uri;      // "sip:alice@example.com"
  std::string contact;  // a SIP URI
  std::string sent_by;  // host:port in Via
};

class Call final : public RequestOwner {
 public:
  Call(CallHost& host, CallEvents& events, LocalParty local, sip::FlowId flow);
  ~Call() override;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // --- calling ----------------------------------------------------------------------------------------
  // Sends the INVITE with our offer. Error: that of the transaction layer.
  Status invite(std::string request_uri, MediaAgreement agreement);

  // --- being called -------------------------------------------------------------------------------------
  // Takes the INVITE and answers 100. Errors: those of sip::Dialog::fromRequest().
  Status take(sip::ServerTransactionId id, sip::Message invite);
  void ring();
  // 200 with our answer, or with our offer if the INVITE had none. A description that cannot be accepted
  // is refused (488, 400) and ends the call; that error is returned.
  Status answer(MediaAgreement agreement);
  void reject(int status);

  // --- either side ----------------------------------------------------------------------------------------
  // Offers `direction` by re-INVITE: sendonly holds the peer, sendrecv resumes. Retried after a 491. Errors:
  // "phone.call.not_confirmed", "phone.call.busy" (another change is under way).
  Status offerDirection(sdp::Direction direction);
  // Ends the call whatever its state: CANCEL, a refusal, or BYE with `reason` (RFC 3326) if not empty.
  void hangUp(std::string_view reason = {});

  // --- from the UserAgent -----------------------------------------------------------------------------------
  void onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request);
  void onAck(sip::FlowId flow, const sip::Message& ack);
  void onCancel();
  void onResponse(sip::ClientTransactionId id, const sip::Message& response) override;
  void onClientFailure(sip::ClientTransactionId id, const Error& error) override;
  void onServerFailure(const Error& error);
  void onFlowClosed(sip::FlowId flow);
  void advance();
  std::optional<TimePoint> deadline() const;
  // A new connection in place of the one that was lost: the call goes on there, and the peer is told by a refresh.
  void moveTo(sip::FlowId flow, LocalParty local);
  bool isStranded() const { return isConfirmed() && !flow_alive_ && !end_; }

  const std::string& localTag() const { return local_tag_; }
  const std::string& callId() const { return call_id_; }
  const std::string& peerUri() const { return peer_uri_; }
  std::string_view requestUri() const { return request_uri_; }
  bool isConfirmed() const { return dialog_ && dialog_->state() == sip::Dialog::State::confirmed && !ended_; }
  bool isEnded() const override { return ended_; }
  sdp::Direction direction() const { return agreement_ ? agreement_->direction() : sdp::Direction::inactive; }

 private:
  enum class Purpose : std::uint8_t { initial, offer, refresh, bye };
  struct OwnRequest {  // ours, not yet finally answered
    sip::ClientTransactionId id{};
    Purpose purpose = Purpose::initial;
    sip::Method method = sip::Method::invite;
    std::string branch;
    std::uint32_t cseq = 0;
    std::string sdp, reason;
    std::shared_ptr<Account::Attempts> attempts;  // once it has been challenged
  };
  struct PendingInvite {
    sip::ServerTransactionId id;
    sip::Message request;
  };
  struct UnackedAnswer {  // RFC 3261 13.3.1.4
    std::string bytes;
    std::chrono::milliseconds interval;
    TimePoint next, give_up;
  };

  std::string via(std::string_view branch) const;
  void respond(sip::ServerTransactionId id, int status, std::string bytes);
  void refuse(sip::ServerTransactionId id, const sip::Message& request, int status,
              std::optional<std::chrono::seconds> retry_after = {});
  std::string success(const sip::Message& request, std::string_view sdp,
                      const std::optional<sip::SessionTimerAnswer>& timer);
  void sendSuccess(sip::ServerTransactionId id, sip::Method method, std::string bytes);
  void onRefresh(sip::ServerTransactionId id, sip::Message request);
  void onBye(sip::ServerTransactionId id, const sip::Message& request);

  Status send(OwnRequest own, std::string bytes);
  Status sendInvite(OwnRequest own, const Account::Header* authorization);
  void sendInDialog(sip::Method method, Purpose purpose, std::string_view sdp, std::string_view reason = {});
  void sendInDialog(OwnRequest own, const Account::Header* authorization);
  // Says it again with what the challenge asks for. Error: why not; the challenge then stands as a refusal.
  Status answerChallenge(OwnRequest own, const sip::Message& challenge);
  void onInitialResponse(const OwnRequest& own, const sip::Message& response);
  void onInitialSuccess(const OwnRequest& own, const sip::Message& response);
  void onOfferResponse(const OwnRequest& own, const sip::Message& response);
  void acknowledge(const sip::Dialog& dialog, std::uint32_t cseq, std::string_view sdp = {});
  void sendCancel();
  void sayBye(std::string_view reason);
  void refresh();
  void startSessionTimer(const sip::SessionTimer& timer);
  bool agree(std::string_view answer);
  void tellMedia(MediaPlanPtr plan);
  void endMedia();
  void end(CallEnd end);

  CallHost& host_;
  CallEvents& events_;
  LocalParty local_;
  const std::string local_tag_;
  sip::FlowId flow_;
  bool flow_alive_ = true;
  std::string call_id_, request_uri_, peer_uri_;
  std::optional<MediaAgreement> agreement_;
  std::optional<sip::Dialog> dialog_;
  std::optional<PendingInvite> pending_;
  std::vector<OwnRequest> own_;
  std::optional<UnackedAnswer> unacked_;
  std::optional<CallEnd> end_;  // decided; told once what is on its way has been answered
  bool ended_ = false, media_told_ = false;
  bool offer_in_answer_ = false;  // our 2xx carried an offer: the ACK owes the answer
  bool heard_provisional_ = false, cancel_wanted_ = false, cancel_sent_ = false;
  bool bye_waits_for_ack_ = false, peer_allows_update_ = false;
  std::string bye_reason_;
  sip::SessionExpires asked_;
  std::optional<sip::SessionTimer> session_;
  std::optional<TimePoint> refresh_at_, expires_at_, reoffer_at_, lost_at_, bye_by_;
};

}  // namespace sallyport::phone
