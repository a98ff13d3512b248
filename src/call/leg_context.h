// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all legs of a worker share: the way to the wire, to the index that leads back to them, and the time.

#include <functional>
#include <string>

#include "call/call_router.h"
#include "call/challenge_answers.h"
#include "call/ports.h"
#include "call/via.h"
#include "sip/transaction_layer.h"
#include "telemetry/event.h"

namespace sallyport::call {

class Leg;

// Finds the leg that a transaction or a tag belongs to. Owned by the CallServer.
class LegIndex {
 public:
  virtual ~LegIndex() = default;
  virtual void bind(sip::ClientTransactionId id, Leg& leg) = 0;
  virtual void bind(sip::ServerTransactionId id, Leg& leg) = 0;
  virtual void bindTag(const std::string& local_tag, Leg& leg) = 0;
  virtual void bindFlow(sip::FlowId flow, Leg& leg) = 0;              // instead of the one before
  virtual void bindCallId(const std::string& call_id, Leg& leg) = 0;  // that we have made
  virtual void unbind(sip::ClientTransactionId id, Leg& leg) = 0;
  virtual void unbind(sip::ServerTransactionId id, Leg& leg) = 0;
  virtual void unbind(Leg& leg) = 0;
  // The leg with that tag of ours; null when there is none.
  virtual Leg* legOf(std::string_view local_tag) = 0;
  // Lets a leg go on from outside any entry of the call server: nothing when it is gone meanwhile.
  virtual void resume(const std::string& local_tag, const std::function<void(Leg&)>& action) = 0;
};

// What all legs of a worker share.
struct LegContext {
  sip::TransactionLayer& transactions;
  Flows& flows;
  LegIndex& index;
  SentBy sent_by;
  unsigned worker = 0;
  TimePoint now{};  // both set at every entry into the call server
  WallTime wall{};
  TargetObserver* targets = nullptr;
  CallRouter* router = nullptr;
  Challenges* challenges = nullptr;     // none: challenges end what they meet
  telemetry::EventSink* log = nullptr;  // of what a leg meets that its call does not hear

  // host:port in Via and Contact towards that peer.
  const SentBy& sentByTo(const PeerPolicy& peer) const { return peer.sent_by ? *peer.sent_by : sent_by; }
};

}  // namespace sallyport::call
