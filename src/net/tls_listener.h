// SPDX-License-Identifier: Apache-2.0
#pragma once
// Accepts TLS connections and hands on those whose handshake succeeded, which is to say whose peer has been
// verified or need not show a certificate here; everybody else is refused for
// one named reason, before anything is allocated whose size a stranger could choose. One per worker and
// listening address (SO_REUSEPORT), on the worker's thread. Without TLS where that is said: then the observer alone
// knows who may come in, by the source.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "net/half_open_table.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tls_connection.h"

namespace sallyport::crypto {
class TlsServerContext;
}

namespace sallyport::net {

struct TlsListenerLimits {
  std::size_t max_connections = 10'000;                              // open and half-open
  std::optional<std::size_t> connections_per_source = std::nullopt;  // of them; none: as many
  HalfOpenLimits half_open{};
  std::size_t accepts_per_turn = 64;
  TlsLimits stream{};
  TlsDeadlines deadlines{};
};

class TlsListenerObserver {
 public:
  virtual ~TlsListenerObserver() = default;
  // Whether somebody from there may come in at all, before a byte is read. The error is told to onRefused().
  virtual Status admits(const Endpoint&) { return success(); }
  // Open. Give it a handler, or let it go.
  virtual void onConnection(std::unique_ptr<TlsConnection> connection) = 0;
  // Before a handshake: "net.connections.full", "net.connections.source" (of one address), "net.handshakes.full" (in
  // all), "net.handshakes.source" (at once, from one address), "net.handshakes.rate" (per second, from one address),
  // "net.accept.limit" (out of descriptors), and what admits() said.
  virtual void onRefused(const Endpoint& source, const Error& reason) = 0;
  // "tls.handshake.timeout", and what crypto::handshakeError() says: "tls.handshake.not_tls", ".version",
  // ".no_shared_cipher", ".no_certificate", ".alpn", ".too_large", ".alert", ".closed", ".protocol", and
  // "tls.certificate.*" and "tls.peer.*" of the verification; "tls.session.failed" and "net.loop.watch" are ours.
  virtual void onHandshakeFailed(const Endpoint& source, const Error& reason) = 0;
};

using ListenerSecurity = std::variant<std::shared_ptr<const crypto::TlsServerContext>, PlainBytes>;

struct TlsListenerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t handshakes_ok = 0;
  std::vector<std::pair<const char*, std::uint64_t>> refused;            // by code
  std::vector<std::pair<const char*, std::uint64_t>> handshakes_failed;  // by code; codes are a closed set
};

class TlsListener {
 public:
  // Binds and listens, but accepts nobody before start(). Errors: as listenTcp's.
  static Result<std::unique_ptr<TlsListener>> listen(Loop& loop, const Endpoint& local, PortSharing sharing,
                                                     ListenerSecurity security, TlsListenerLimits limits,
                                                     TlsListenerObserver& observer);
  ~TlsListener();
  TlsListener(const TlsListener&) = delete;
  TlsListener& operator=(const TlsListener&) = delete;

  Status start();
  void stop();  // accepts nobody any more; what is open stays, what is half open is dropped

  const Endpoint& local() const;  // with the port the system chose
  const TlsListenerCounters& counters() const;
  std::size_t connections() const;  // open and half-open
  std::size_t halfOpen() const;

 private:
  class Impl;
  explicit TlsListener(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net
