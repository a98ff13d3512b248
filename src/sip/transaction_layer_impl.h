// SPDX-License-Identifier: Apache-2.0
#pragma once
// The inside of TransactionLayer: matching messages (transaction_layer_matching.cpp) and carrying out what the
// machines ask for (transaction_layer.cpp). A Sink may call back at any of its functions, so after each
// call a record is looked up again by its id before it is touched.

#include <string>

#include "sip/transaction_layer.h"
#include "sip/transaction_layer_records.h"

namespace sallyport::sip {

class TransactionLayer::Impl {
 public:
  Impl(Sink& sink, TimerConfig timers, Limits limits);

  void onRequest(FlowId flow, Reliability reliability, Message request);
  void onResponse(FlowId flow, Message response);
  Status respond(ServerTransactionId id, int status, std::string bytes);
  void addToSuccess(ServerTransactionId id, HeaderId header, std::string_view value);
  Result<ClientTransactionId> send(FlowId flow, Reliability reliability, Method method, std::string_view branch,
                                   std::string bytes);
  void abandon(ServerTransactionId id);
  void flowClosed(FlowId flow);
  void advance();

  // Time never runs backwards: the lanes rely on it.
  void moveTo(TimePoint now) { now_ = now > now_ ? now : now_; }
  std::optional<TimePoint> nextDeadline() const { return lanes_.nextDeadline(); }
  const Counters& counters() const { return counters_; }
  std::size_t size() const { return servers_.size() + clients_.size(); }

 private:
  // What an event brought along for the actions it causes.
  struct Given {
    std::string* bytes = nullptr;  // the user's message: Send, SendOnce
    Message* message = nullptr;    // from the wire: Deliver, SendAck
    FlowId came_on{};
  };
  template <typename Record>
  struct Runner;

  // --- Matching
  void onAck(FlowId flow, Message ack);
  void onCancel(FlowId flow, Reliability reliability, const Message& cancel);
  void onRetransmit(ServerRecord& record, FlowId flow);
  ServerRecord& createServer(FlowId flow, Reliability reliability, const Message& request);
  void answerCancel(FlowId flow, Reliability reliability, const Message& cancel, int status, std::string_view to_tag);
  void writeKey(const Message& request);
  // The live transaction under key_ which `suits`, if the flow's peer may speak for it.
  template <typename Predicate>
  ServerRecord* findServer(FlowId came_on, Predicate&& suits);
  ServerRecord* findRetransmitted(FlowId came_on, const Message& request);
  ServerRecord* findAcknowledged(FlowId came_on, const Message& ack);
  ServerRecord* findCancelled(FlowId came_on, const Message& cancel);
  ClientRecord* findClient(std::string_view branch, Method method);
  std::string freshTag() const;  // unguessable, and the same for the same key_

  // --- Carrying out
  ServerRecord* alive(ServerTransactionId id) { return servers_.byId(static_cast<std::uint64_t>(id)); }
  template <typename Record>
  void apply(Record& record, const Actions& actions, Given given);
  template <typename Record>
  void apply(Record& record, const Actions& actions) {
    apply(record, actions, Given{});
  }
  void finish(ServerRecord& record);
  void finish(ClientRecord& record);
  void fire(TimerNode& node);
  TransactionTable<ServerRecord>& tableOf(const ServerRecord&) { return servers_; }
  TransactionTable<ClientRecord>& tableOf(const ClientRecord&) { return clients_; }

  Sink& sink_;
  const TimerConfig timers_;
  const Limits limits_;
  TimePoint now_{};
  TimerLanes lanes_;
  TransactionTable<ServerRecord> servers_;
  TransactionTable<ClientRecord> clients_;
  std::string key_;  // of the message being matched; its room is reused
  std::uint64_t hash_ = 0;
  Counters counters_;
};

}  // namespace sallyport::sip
