// SPDX-License-Identifier: Apache-2.0
#pragma once
// Stand-alone requests of our own, outside any call: a REGISTER to a carrier, an OPTIONS that asks for health,
// a MESSAGE carried on. Sans I/O; used on the worker's thread.

#include <functional>
#include <string>

#include "call/policy.h"
#include "call/via.h"
#include "core/result.h"
#include "sip/message.h"
#include "sip/transaction_layer.h"

namespace sallyport::call {

class Requester {
 public:
  virtual ~Requester() = default;

  // The final response, exactly once, and the flow it concerns; or why there is none: "sip.transaction.timeout",
  // "sip.transaction.*" of a lost connection, "call.peer.not_connected", "net.*" and "tls.*" of connecting.
  struct Answer {
    sip::FlowId flow{};  // the one the request went on, once there was one
    Result<sip::Message> response;
  };
  using Done = std::function<void(Answer)>;
  // The whole request, given the value of its topmost Via.
  using Write = std::function<std::string(const std::string& via)>;

  // On a connection to that peer, found or made.
  virtual void request(const PeerPolicy& to, sip::Method method, Write write, Done done) = 0;
  // On this connection and no other.
  virtual void request(sip::FlowId on, sip::Method method, Write write, Done done) = 0;

  // How we are named in our Via, which is said already, and in the URIs that lead back to us; and towards a peer that
  // wants our name there.
  virtual const SentBy& sentBy() const = 0;
  const SentBy& sentByTo(const PeerPolicy& peer) const { return peer.sent_by ? *peer.sent_by : sentBy(); }
};

}  // namespace sallyport::call
