// SPDX-License-Identifier: Apache-2.0
#pragma once
// A TLS connection that carries SIP messages, and the contexts to make one with. On the loop's thread.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/tls_context.h"
#include "load/options.h"
#include "net/loop.h"
#include "net/tls_connection.h"
#include "net/tls_dialer.h"
#include "sip/message.h"
#include "sip/stream_framer.h"

namespace sallyport::load {

// Our side's certificate, and the server as the only one we speak with.
struct TlsSide {
  std::shared_ptr<const crypto::TlsClientContext> client;
  std::shared_ptr<const crypto::TlsServerContext> server;

  static Result<TlsSide> load(const KeyFiles& files, const Options& options, const Clock& clock);
};

class SipLink final : private net::TlsHandler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void onMessage(SipLink& link, sip::Message message) = 0;
    virtual void onLinkClosed(SipLink& link, const Error& reason) = 0;  // retire it
  };

  SipLink(std::unique_ptr<net::TlsConnection> connection, Owner& owner);

  void send(std::string_view bytes) { (void)connection_->send(bytes); }
  void close() { connection_->close(Error{ErrorKind::unavailable, "load.done", ""}); }
  const Endpoint& local() const { return connection_->local(); }
  // "SIP/2.0/TLS 127.0.0.1:40000;branch=z9hG4bK...": a new branch each time.
  std::string via() const;

 private:
  void onBytes(std::string_view bytes) override;
  void onClosed(const Error& reason) override { owner_.onLinkClosed(*this, reason); }

  std::unique_ptr<net::TlsConnection> connection_;
  Owner& owner_;
  sip::StreamFramer framer_;
};

// Dials `server`; the error is that of the dial.
std::unique_ptr<net::Dial> dialServer(net::Loop& loop, const Options& options, const TlsSide& side,
                                      net::DialCallback done);

}  // namespace sallyport::load
