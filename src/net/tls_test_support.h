// SPDX-License-Identifier: Apache-2.0
#pragma once
// For this room's TLS tests: an edge and a peer that know one another, an observer that remembers, and raw
// clients that do what no well-behaved one does. Everything runs on one loop, turned by hand; time stands
// still unless a test moves it.

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/test_certificates.h"
#include "crypto/tls_context.h"
#include "net/test_support.h"
#include "net/tls_dialer.h"
#include "net/tls_listener.h"

namespace sallyport::net {

namespace certificates = crypto::testing;

// Keeps what arrives; echoes when told to.
class Recording final : public TlsHandler {
 public:
  explicit Recording(std::unique_ptr<TlsConnection> made) : connection(std::move(made)) {
    connection->setHandler(*this);
  }
  void onBytes(std::string_view bytes) override {
    received += bytes;
    if (on_bytes) on_bytes();
  }
  void onClosed(const Error& reason) override { closed = reason; }
  void onDrained() override { ++drained; }
  std::string closedCode() const { return closed ? closed->code : "open"; }

  std::unique_ptr<TlsConnection> connection;
  std::string received;
  std::optional<Error> closed;
  int drained = 0;
  UniqueFunction<void()> on_bytes;
};

class Observer final : public TlsListenerObserver {
 public:
  void onConnection(std::unique_ptr<TlsConnection> connection) override {
    open.push_back(std::make_unique<Recording>(std::move(connection)));
  }
  Status admits(const Endpoint& source) override {
    if (!only_from || *only_from == source.address) return success();
    return Error{ErrorKind::peerDenied, "test.stranger", source.toString()};
  }
  void onRefused(const Endpoint&, const Error& reason) override { refused.emplace_back(reason.code); }
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override {
    EXPECT_TRUE(source.address.isLoopback());
    failed.emplace_back(reason.code);
    last_detail = reason.detail;
  }

  std::optional<IpAddress> only_from;
  std::vector<std::unique_ptr<Recording>> open;
  std::vector<std::string> refused;
  std::vector<std::string> failed;
  std::string last_detail;
};

// A client made of OpenSSL and a socket, driven step by step.
class RawClient {
 public:
  explicit RawClient(const Endpoint& to)
      : fd_(::socket(to.address.isV4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress address{to};
    SP_CHECK(::connect(fd_.raw(), address.raw(), address.size()) == 0);
    timeval brief{0, 1'000};
    setsockopt(fd_.raw(), SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
  }
  ~RawClient() { session_.reset(); }

  void sendRaw(std::string_view bytes) {
    [[maybe_unused]] auto sent = ::send(fd_.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // What the other side has sent as it is on the wire.
  std::string readRaw() {
    char bytes[4'096];
    const auto count = ::recv(fd_.raw(), bytes, sizeof bytes, 0);
    if (count == 0) ended_ = true;
    if (count < 0 && errno == ECONNRESET) ended_ = true;
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string{};
  }
  bool ended() {
    while (!ended_ && !readRaw().empty()) {
    }
    return ended_;
  }
  void close() { fd_.reset(); }
  Fd& fd() { return fd_; }

  SSL* beginTls(SSL_CTX* context) {
    session_.reset(SSL_new(context));
    SSL_set_connect_state(session_.get());
    SSL_set_fd(session_.get(), fd_.raw());
    return session_.get();
  }
  // One step of the handshake; true once it is done on this side.
  bool shakeHands() {
    ERR_clear_error();
    const bool done = SSL_do_handshake(session_.get()) == 1;
    noteAlert();
    return done;
  }
  // The alert (RFC 8446 6) the client was left with, looked for with one more read; 0: none yet.
  int alert() {
    if (alert_ != 0) return alert_;
    ERR_clear_error();
    char byte = 0;
    SSL_read(session_.get(), &byte, 1);
    noteAlert();
    return alert_;
  }
  SSL* session() { return session_.get(); }

 private:
  void noteAlert() {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason > SSL_AD_REASON_OFFSET) alert_ = reason - SSL_AD_REASON_OFFSET;
  }

  Fd fd_;
  crypto::SslPtr session_;
  bool ended_ = false;
  int alert_ = 0;
};

struct TlsWorld : testing::Test {
  TlsWorld() {
    const auto known = [&](const char* name, const char* dns) {
      crypto::PeerEntry entry;
      entry.name = name;
      entry.identities = {{crypto::SanKind::dns, dns}};
      entry.anchors = anchors;
      return entry;
    };
    edge_peers = *crypto::PeerDirectory::build({known("core", "core.example.net")});
    core_peers = *crypto::PeerDirectory::build({known("edge", "edge.example.net")});
    server = *crypto::TlsServerContext::create(
        {.identities = {certificates::identityOf(edge)}, .peers = edge_peers, .clock = &clock});
    client = *crypto::TlsClientContext::create({.identity = certificates::identityOf(core),
                                                .peers = core_peers,
                                                .clock = &clock,
                                                .server_name = "edge.example.net"});
  }

  static certificates::Spec named(const char* name) {
    certificates::Spec spec;
    spec.name = name;
    spec.sans = "DNS:" + std::string{name};
    return spec;
  }

  TlsListener& listen(TlsListenerLimits limits = {}, const IpAddress& address = kLoopbackV4) {
    auto made = TlsListener::listen(*loop, {address, 0}, PortSharing::exclusive, server, limits, observer);
    SP_CHECK(made.ok());
    listener = *std::move(made);
    SP_CHECK(listener->start().ok());
    return *listener;
  }

  // Dials the listener and waits for both sides.
  Recording& dial(DialLimits limits = {}) {
    const auto before = observer.open.size();
    auto attempt = Dial::start(*loop, {{listener->local()}, client}, limits, [this](auto result) {
      dial_error = result.ok() ? "" : std::string{result.error().code};
      if (result) dialed.push_back(std::make_unique<Recording>(*std::move(result)));
    });
    const auto count = dialed.size();
    EXPECT_TRUE(turnUntil(*loop, [&] { return dialed.size() > count && observer.open.size() > before; })) << dial_error;
    SP_CHECK(dialed.size() > count && observer.open.size() > before);
    return *dialed.back();
  }
  Recording& accepted() { return *observer.open.back(); }

  bool until(UniqueFunction<bool()> done) {
    return turnUntil(*loop, [&] { return done(); });
  }

  FakeClock clock;
  certificates::Made ca = certificates::make(certificates::caSpec("Test CA"));
  std::shared_ptr<const crypto::TrustAnchors> anchors = certificates::anchorsOf(ca);
  certificates::Made edge = certificates::make(named("edge.example.net"), &ca);
  certificates::Made core = certificates::make(named("core.example.net"), &ca);
  std::shared_ptr<const crypto::PeerDirectory> edge_peers;
  std::shared_ptr<const crypto::PeerDirectory> core_peers;
  std::shared_ptr<const crypto::TlsServerContext> server;
  std::shared_ptr<const crypto::TlsClientContext> client;
  std::unique_ptr<Loop> loop = makeLoop(clock);
  Observer observer;
  std::unique_ptr<TlsListener> listener;
  std::vector<std::unique_ptr<Recording>> dialed;
  std::string dial_error;
};

inline crypto::SslContextPtr rawContext(int highest_version = TLS1_3_VERSION) {
  crypto::SslContextPtr context{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_max_proto_version(context.get(), highest_version);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return context;
}

}  // namespace sallyport::net
