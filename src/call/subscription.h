// SPDX-License-Identifier: Apache-2.0
#pragma once
// A subscription carried across the border (RFC 6665): two dialogs, each with a Call-ID, tags and Contact of our
// own, the subscriber's (near) and the notifier's (far). SUBSCRIBE goes from near to far, NOTIFY from far to near,
// also when it overtakes the 2xx. Its time is what the notifier grants, bounded by what was asked; when that is over
// without a word, when a side is lost or its peer is no longer configured, both sides are told.
//
// Owned by RequestRelay, on its worker.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call/relay_ports.h"
#include "sip/dialog.h"
#include "sip/event_headers.h"

namespace sallyport::call {

class Subscription final : public std::enable_shared_from_this<Subscription> {
 public:
  struct Plan {
    RelayRoute route;
    sip::EventHeader event;
    std::chrono::seconds expires{};  // asked for; 0: the state once (RFC 6665 4.4.3)
  };
  using Over = std::function<void(Subscription&)>;  // it has ended, and nothing more will be said of it

  // Errors: those of sip::Dialog::fromRequest.
  static Result<std::shared_ptr<Subscription>> make(RelayContext& context, const RelayRequest& subscribe, Plan plan,
                                                    Over over);

  void start(RelayRequest subscribe);  // that it was made for
  // Inside one of the two dialogs, found by our tag in To.
  void onRequest(RelayRequest request);
  // The device on it can not be reached any more.
  bool dependsOn(sip::FlowId flow) const;
  // Ends both sides: a final NOTIFY to the subscriber, and the notifier is told to stop.
  void end(const char* code);
  void abandon() { finished_ = true; }  // says nothing more to anybody, nor touches its context
  void watch(TimePoint now);            // ends what nobody has refreshed

  const std::string& nearTag() const { return near_tag_; }
  const std::string& farTag() const { return far_tag_; }
  const std::string& subscriber() const { return subscriber_.identity(); }
  const std::string& nearPeer() const { return subscriber_.peer(); }
  const std::string& farPeer() const { return plan_.route.target.peer->name; }

 private:
  Subscription(RelayContext& context, const RelayRequest& subscribe, Plan plan, Over over);

  enum class Side : std::uint8_t { near, far };
  struct PendingSubscribe {
    RelayRequest request;
    std::chrono::seconds expires{};
    bool first = false;
    identity::DigestAttempts attempts = {};
  };

  bool comesFrom(const identity::Principal& who, Side side) const;
  void onSubscribe(RelayRequest request);
  void onSubscribeAnswer(Requester::Answer answer);
  bool repeat(const sip::Message& response);
  void onSubscribed(const sip::Message& response, PendingSubscribe pending);
  void onNotSubscribed(const Error& error, int status, PendingSubscribe pending, const sip::Message* response);
  void onNotify(RelayRequest request);
  Status checkNotify(const sip::Message& notify) const;
  void onNotifyAnswer(sip::ServerTransactionId id, bool last, const Requester::Answer& answer);

  void sendFirst();
  void sendRefresh(std::chrono::seconds expires);
  std::string writeFirst(const std::string& via);
  std::string writeSubscribe(const std::string& via, std::chrono::seconds expires);
  std::string writeNotify(const std::string& via, const sip::SubscriptionState& state, const std::string& body);
  using Heard = std::function<void(Subscription&, Requester::Answer)>;
  void send(Side side, sip::Method method, Requester::Write write, Heard heard);
  void finish(const char* code);

  RelayContext& context_;
  const identity::Principal subscriber_;
  sip::FlowId near_flow_;
  Plan plan_;
  Over over_;
  const std::string near_tag_, far_tag_, far_call_id_;
  std::string accept_;                  // of the first SUBSCRIBE
  std::uint32_t first_cseq_ = 1;        // which our first SUBSCRIBE has, or has had once challenged
  std::optional<Authorization> proof_;  // of the SUBSCRIBE on its way
  bool challenged_ = false;             // by the notifier: it is asked nothing without proof any more
  std::optional<sip::Dialog> near_, far_;
  std::optional<PendingSubscribe> pending_;
  std::vector<RelayRequest> notifies_;  // not yet answered by the subscriber
  std::optional<TimePoint> deadline_;
  bool finished_ = false;
};

}  // namespace sallyport::call
