// SPDX-License-Identifier: Apache-2.0
#pragma once
// The transaction layer (RFC 3261 17, RFC 6026): matches messages to client and server transactions
// and drives their state machines. Pure: it reads no clock, opens no socket. Inputs are messages,
// the user's requests and responses, and the time; outputs go to a Sink in order.
//
// One per worker. Not thread-safe. The Sink may call back into the layer. Time never runs backwards: an
// earlier `now` counts as the latest one seen. After a stall a timer that is overdue several times fires once.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "sip/message.h"
#include "sip/transaction_types.h"

namespace sallyport::sip {

// A connection or datagram association, as named by the transport; opaque here.
enum class FlowId : std::uint64_t {};
enum class ServerTransactionId : std::uint64_t {};
enum class ClientTransactionId : std::uint64_t {};

class TransactionLayer {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    // A flow that fails is reported by flowClosed() afterwards, not from within.
    virtual void transmit(FlowId flow, const std::string& bytes) = 0;
    // A new request, INVITE or other; `id` is what to respond() to. Never an ACK.
    virtual void onRequest(ServerTransactionId id, FlowId flow, Message request) = 0;
    // An ACK for a 2xx (RFC 3261 13.2.2.4, RFC 6026 7.1): the dialog's business.
    virtual void onAck(FlowId flow, Message ack) = 0;
    // A CANCEL of a transaction of ours, before it is answered. Nothing: it is heard. Otherwise the status it is
    // refused with, 0 to say nothing; then what it was to cancel goes on.
    virtual std::optional<int> refuseCancel(FlowId /*came_on*/, const Message& /*cancel*/) { return std::nullopt; }
    // The INVITE server transaction `invite` is being cancelled. The CANCEL itself has been answered 200.
    virtual void onCancel(ServerTransactionId invite, const Message& cancel) = 0;
    // Provisional or final. 2xx to an INVITE may come more than once (forks, retransmissions).
    virtual void onResponse(ClientTransactionId id, FlowId flow, Message response) = 0;
    // No final response in time (timer B or F): code "sip.transaction.timeout"; or the flow failed:
    // "sip.transaction.transport". The transaction is gone.
    virtual void onClientFailure(ClientTransactionId id, const Error& error) = 0;
    // No ACK for our non-2xx final (timer H). The transaction is gone.
    // Or the user never answered it (TimerConfig::abandon; 64*T1 for a non-INVITE): "sip.transaction.abandoned".
    virtual void onServerFailure(ServerTransactionId id, const Error& error) = 0;
    // A message on `came_on` matches a transaction of `known`: do both flows belong to the same proven peer, as
    // when it has replaced its connection? A branch is no secret to a proxy's other clients, so a match
    // from anybody else is treated as none: its CANCEL gets 481, its response is dropped.
    virtual bool samePeer(FlowId known, FlowId came_on) const { return known == came_on; }
  };

  struct Limits {
    std::size_t max_server_transactions = 100'000;
    std::size_t max_client_transactions = 100'000;
    // Random, chosen at start: strangers choose branches and must not be able to choose hash collisions.
    std::array<std::uint64_t, 2> hash_key{};
  };

  TransactionLayer(Sink& sink, TimerConfig timers, Limits limits);
  ~TransactionLayer();

  // Any message from the wire. Stray responses and stray ACKs are counted and dropped. A request past the limit
  // is answered 503 without state.
  void receive(FlowId flow, Reliability reliability, Message message, TimePoint now);

  // `bytes` is the complete response. Errors: "sip.response_after_final", "sip.transaction.unknown".
  Status respond(ServerTransactionId id, int status, std::string bytes, TimePoint now);

  // What every 2xx to this request is to carry besides what is in its bytes: the proof of a server that has asked for
  // one (RFC 7616 3.5, RFC 7804 5), whoever writes the answer, and whenever. Nothing happens once the transaction is
  // gone.
  void addToSuccess(ServerTransactionId id, HeaderId header, std::string_view value);

  // `bytes` is the complete request whose topmost Via carries `branch`. ACK for non-2xx is made here;
  // ACK for 2xx is not a transaction: transmit it directly. A CANCEL carries its INVITE's branch, and bounds how
  // long that waits for a final response (9.1). Errors: "sip.transaction.overloaded", "sip.transaction.branch" (in
  // use).
  Result<ClientTransactionId> send(FlowId flow, Reliability reliability, Method method, std::string branch,
                                   std::string bytes, TimePoint now);

  // The user will not answer: the transaction ends silently, and a retransmission is a new request.
  void abandon(ServerTransactionId id);

  // The flow is gone: its client transactions fail; its server transactions end silently.
  void flowClosed(FlowId flow, TimePoint now);

  std::optional<TimePoint> nextDeadline() const;
  void advance(TimePoint now);  // fires what is due

  struct Counters {
    std::uint64_t stray_responses = 0, stray_acks = 0, stray_cancels = 0, retransmissions_absorbed = 0, overflow = 0;
    std::uint64_t foreign_flows = 0;  // matched a transaction, refused by Sink::samePeer
  };
  const Counters& counters() const;
  std::size_t size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::sip
