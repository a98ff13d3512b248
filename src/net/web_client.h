// SPDX-License-Identifier: Apache-2.0
#pragma once
// One browser's connection until it is a WebSocket or gone: requests one after the other, each answered before the next
// one is read. Inside this room only. Owned by its WebListener.

#include <memory>
#include <string>

#include "net/tls_connection.h"
#include "net/web_listener.h"
#include "net/web_upgrade.h"

namespace sallyport::net {

class WebClient final : public TlsHandler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual const WebRules& rules() const = 0;
    virtual const WebListenerLimits& limits() const = 0;
    virtual void onRequestRefused(WebClient& client, const Error& reason) = 0;
    // Either is the last call.
    virtual void onUpgraded(WebClient& client, std::unique_ptr<TlsConnection> connection, std::string input) = 0;
    virtual void onGone(WebClient& client) = 0;
  };

  WebClient(std::unique_ptr<TlsConnection> connection, Owner& owner);

  const Endpoint& remote() const { return remote_; }

 private:
  enum class State : std::uint8_t { waiting, reading, replying, over };

  void onBytes(std::string_view bytes) override;
  void onClosed(const Error& reason) override;
  void onDrained() override;

  void enter(State state);
  void serve();
  void answer(const HttpRequest& request);
  void upgrade(const HttpRequest& request);
  void reply(WebAnswer answer, HttpRequest::After after);
  void refuse(WebRefusal refusal, HttpRequest::After after);
  void pump();

  std::unique_ptr<TlsConnection> connection_;
  Owner& owner_;
  const Endpoint remote_;
  State state_ = State::waiting;
  std::string input_;
  std::size_t scanned_ = 0;  // of the input, for the end of a header
  std::size_t requests_ = 0;
  std::shared_ptr<const std::string> content_;  // being sent
  std::size_t sent_ = 0;
  HttpRequest::After after_ = HttpRequest::After::keep;
};

}  // namespace sallyport::net
