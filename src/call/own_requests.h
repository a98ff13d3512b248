// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stand-alone requests of one worker: finds or makes the connection, runs the client transaction, gives the
// answer to whoever asked. Owned by the CallServer, on its worker.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "call/leg.h"
#include "call/requester.h"

namespace sallyport::call {

class OwnRequests final : public Requester {
 public:
  // `enter` runs what it is given as one entry into the call server.
  using Enter = std::function<void(const std::function<void()>&)>;
  OwnRequests(LegContext& context, Enter enter) : context_(context), enter_(std::move(enter)) {}

  void request(const PeerPolicy& to, sip::Method method, Write write, Done done) override;
  void request(sip::FlowId on, sip::Method method, Write write, Done done) override;
  const SentBy& sentBy() const override { return context_.sent_by; }

  // From the transaction layer; nothing happens when the transaction is not one of ours.
  void onResponse(sip::ClientTransactionId id, sip::FlowId flow, sip::Message response);
  void onFailure(sip::ClientTransactionId id, const Error& error);

  std::size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    sip::FlowId flow{};
    Done done;
  };
  void send(sip::FlowId flow, const SentBy& sent_by, sip::Method method, const Write& write, Done done);

  LegContext& context_;
  const Enter enter_;
  std::unordered_map<std::uint64_t, Pending> pending_;
};

}  // namespace sallyport::call
