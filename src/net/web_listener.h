// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where browsers come in: HTTPS (RFC 9112 over TLS) for a folder of files, and at one path the upgrade to a WebSocket
// (RFC 6455 4.2) with one subprotocol, for pages of the origins that are listed. A client is let in without a
// certificate; whoever takes its WebSocket asks for other proof. Every phase has a deadline and every buffer a bound.
// One per worker (SO_REUSEPORT), on the worker's thread.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/tls_listener.h"
#include "net/web_site.h"

namespace sallyport::net {

// What is served, and to whom; immutable, shared by all workers and swapped whole.
struct WebRules {
  enum class WithoutOrigin : std::uint8_t { refuse, admit };  // of clients that are no browsers

  WebSite site;
  std::string socket_path = "/sip";
  std::string subprotocol = "sip";
  std::vector<std::string> origins;  // "https://phone.example.org", as browsers write it (RFC 6454 6.2)
  WithoutOrigin without_origin = WithoutOrigin::refuse;
};

struct WebListenerLimits {
  TlsListenerLimits tls{};  // idle: of a WebSocket
  std::size_t header_bytes = 8'192;
  std::size_t requests = 100;                  // of one connection
  Duration request = std::chrono::seconds{5};  // for a whole header, from its first byte
  Duration idle = std::chrono::seconds{30};    // between requests
  Duration reply = std::chrono::seconds{60};   // for the client to take one
};

class WebListenerObserver {
 public:
  virtual ~WebListenerObserver() = default;
  // The upgrade has been answered. Give the connection a handler, or let it go. `input` came behind the request.
  virtual void onWebSocket(std::unique_ptr<TlsConnection> connection, std::string input) = 0;
  // As of TlsListenerObserver.
  virtual void onRefused(const Endpoint& source, const Error& reason) = 0;
  virtual void onHandshakeFailed(const Endpoint& source, const Error& reason) = 0;
  // A request got another status than 2xx or 3xx, or none. Codes: "net.http.malformed" 400, ".method" 405, ".body" 413,
  // ".too_large" 431, ".not_found" 404, ".slow" (none: its header took too long); "net.websocket.no_upgrade" 426,
  // ".version" 426, ".key" 400, ".origin" 403, ".origin_missing" 403, ".subprotocol" 400.
  virtual void onRequestRefused(const Endpoint& source, const Error& reason) = 0;
};

class WebListener {
 public:
  // Binds and listens, but accepts nobody before start(). Errors: as listenTcp's.
  static Result<std::unique_ptr<WebListener>> listen(Loop& loop, const Endpoint& local, PortSharing sharing,
                                                     std::shared_ptr<const crypto::TlsServerContext> context,
                                                     WebListenerLimits limits, std::shared_ptr<const WebRules> rules,
                                                     WebListenerObserver& observer);
  ~WebListener();
  WebListener(const WebListener&) = delete;
  WebListener& operator=(const WebListener&) = delete;

  Status start();
  void stop();  // as TlsListener's; no request is answered any more, and WebSockets stay
  void adopt(std::shared_ptr<const WebRules> rules);  // for requests from now on

  const Endpoint& local() const;
  std::size_t connections() const;  // WebSockets among them
  std::size_t clients() const;      // those that are none yet

 private:
  class Impl;
  explicit WebListener(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net
