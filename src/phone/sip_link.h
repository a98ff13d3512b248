// SPDX-License-Identifier: Apache-2.0
#pragma once
// A verified TLS connection as a stream of SIP messages: framing, parsing, keep-alives (RFC 5626 3.5.1),
// and the one safe answer to what cannot be parsed. Owned by the endpoint, on its loop's thread.

#include <memory>
#include <string_view>

#include "net/loop.h"
#include "net/tls_connection.h"
#include "sip/message.h"
#include "sip/stream_framer.h"
#include "sip/transaction_layer.h"
#include "sip/transaction_types.h"

namespace sallyport::phone {

class SipLink final : private net::TlsHandler {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    virtual void onMessage(sip::FlowId flow, sip::Message message) = 0;
    // The link is finished; the owner retires it.
    virtual void onLinkClosed(sip::FlowId flow, const Error& reason) = 0;
  };

  SipLink(net::Loop& loop, std::unique_ptr<net::TlsConnection> connection, sip::FlowId flow, Events& events);
  ~SipLink() override;

  void send(std::string_view bytes);
  void close();
  const net::TlsConnection& connection() const { return *connection_; }

 private:
  void onBytes(std::string_view bytes) override;
  void onClosed(const Error& reason) override;
  void onFrame(std::string frame);
  void fail(const Error& error, std::string_view choked_on);
  void ping();

  net::Loop& loop_;
  std::unique_ptr<net::TlsConnection> connection_;
  const sip::FlowId flow_;
  Events& events_;
  sip::StreamFramer framer_;
  net::TimerHandle ping_timer_;
  bool failed_ = false;
};

}  // namespace sallyport::phone
