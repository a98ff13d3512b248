// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's SIP brain: transactions, the calls they belong to, and what it says to requests outside any
// call (OPTIONS 200, others 405). Messages and time in, bytes and events out: no sockets, no clock.
//
// One per endpoint, on its thread.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "phone/call.h"
#include "phone/registration.h"
#include "sip/transaction_layer.h"

namespace sallyport::phone {

class UserAgent final : public CallHost, private sip::TransactionLayer::Sink {
 public:
  // The outside. `transmit` queues bytes and never calls back; the others may call the user agent.
  class Shell : public CallEvents {
   public:
    virtual void transmit(sip::FlowId flow, std::string_view bytes) = 0;
    // A new INVITE has been taken and answered 100; to be rung, answered or rejected.
    virtual void onIncoming(Call& call, sip::FlowId flow) = 0;
    virtual LocalParty localPartyOn(sip::FlowId flow) = 0;
  };

  struct Limits {
    std::size_t max_calls = 64;  // a phone's, ended ones not yet let go of included
  };

  UserAgent(Shell& shell, sip::TimerConfig timers, Limits limits);
  ~UserAgent() override;

  // Every entry takes the time; what happens inside happens at it.
  void receive(sip::FlowId flow, sip::Message message, TimePoint now);
  void flowClosed(sip::FlowId flow, TimePoint now);
  void advance(TimePoint now);
  std::optional<TimePoint> nextDeadline() const;

  // Challenges are answered with it from here on.
  void useAccount(std::shared_ptr<Account> account) { account_ = std::move(account); }
  // The phone's one registration; it lives as long as the agent.
  Registration& createRegistration(RegistrationEvents& events, std::chrono::seconds expires);

  // A call of ours, not invited yet. It lives until forgetEnded().
  Call& createCall(LocalParty local, sip::FlowId flow, TimePoint now);
  // Sets the time for calls to a Call's functions from outside.
  void setNow(TimePoint now) { now_ = now; }
  void forgetEnded();
  const std::vector<std::unique_ptr<Call>>& calls() const { return calls_; }

  // CallHost
  void send(sip::FlowId flow, std::string_view bytes) override { shell_.transmit(flow, bytes); }
  void bind(sip::ClientTransactionId id, RequestOwner& owner) override { clients_[id] = &owner; }
  void bind(sip::ServerTransactionId id, Call& call) override { servers_[id] = &call; }
  sip::TransactionLayer& transactions() override { return *transactions_; }
  const sip::TimerConfig& timers() const override { return timers_; }
  Account* account() override { return account_.get(); }
  TimePoint now() const override { return now_; }

 private:
  void transmit(sip::FlowId flow, const std::string& bytes) override { shell_.transmit(flow, bytes); }
  void onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) override;
  void onAck(sip::FlowId flow, sip::Message ack) override;
  void onCancel(sip::ServerTransactionId invite, const sip::Message& cancel) override;
  void onResponse(sip::ClientTransactionId id, sip::FlowId flow, sip::Message response) override;
  void onClientFailure(sip::ClientTransactionId id, const Error& error) override;
  void onServerFailure(sip::ServerTransactionId id, const Error& error) override;

  void onInvite(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request);
  void refuse(sip::ServerTransactionId id, const sip::Message& request, int status);
  Call* byTag(std::string_view local_tag);

  Shell& shell_;
  const sip::TimerConfig timers_;
  const Limits limits_;
  TimePoint now_{};
  std::vector<std::unique_ptr<Call>> calls_;
  std::shared_ptr<Account> account_;
  std::unique_ptr<Registration> registration_;
  std::map<sip::ClientTransactionId, RequestOwner*> clients_;
  std::map<sip::ServerTransactionId, Call*> servers_;
  std::unique_ptr<sip::TransactionLayer> transactions_;
};

}  // namespace sallyport::phone
