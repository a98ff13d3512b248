// SPDX-License-Identifier: Apache-2.0
// The layer that every stream has but those of unprotected peers.
#include <openssl/err.h>

#include <algorithm>
#include <limits>

#include "crypto/tls_context.h"
#include "net/byte_layer.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

int sizeFor(std::size_t bytes) {
  return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
}

class TlsLayer final : public ByteLayer {
 public:
  TlsLayer(crypto::SslPtr session, TlsSocket& socket) : session_(std::move(session)), socket_(socket) {
    SSL_set_read_ahead(session_.get(), 1);  // header and body of a record in one system call
    SSL_set_mode(session_.get(),
                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  }

  Step open() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    if (result != 1) return stepAfter(result);
    shaking_ = false;
    return Step::done;
  }

  Result<std::optional<crypto::VerifiedPeer>> peer() const override {
    if (crypto::isAnonymous(session_.get())) return std::optional<crypto::VerifiedPeer>{};
    SP_ASSIGN(auto peer, crypto::peerOf(session_.get()));
    return std::optional{std::move(peer)};
  }

  Moved read(std::span<char> out) override {
    ERR_clear_error();
    const int count = SSL_read(session_.get(), out.data(), sizeFor(out.size()));
    return count > 0 ? Moved{Step::done, static_cast<std::size_t>(count)} : Moved{stepAfter(count), 0};
  }

  Moved write(std::string_view bytes) override {
    ERR_clear_error();
    const int count = SSL_write(session_.get(), bytes.data(), sizeFor(bytes.size()));
    return count > 0 ? Moved{Step::done, static_cast<std::size_t>(count)} : Moved{stepAfter(count), 0};
  }

  // RFC 8446 6.1. What fails here fails a stream that is over anyway.
  Step sayGoodbye() override {
    ERR_clear_error();
    if (SSL_shutdown(session_.get()) >= 0) return Step::done;
    const bool wants_output = SSL_get_error(session_.get(), -1) == SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
    return wants_output ? Step::wantsOutput : Step::done;
  }

  bool holdsInput() const override { return SSL_has_pending(session_.get()) != 0; }

  TlsFacts facts() const override {
    const auto facts = crypto::factsOf(session_.get());
    return {facts.version, facts.suite, facts.group, facts.alpn};
  }

  // Empties OpenSSL's error queue.
  Error reason() override {
    if (!shaking_ && ssl_error_ == SSL_ERROR_ZERO_RETURN)
      return {ErrorKind::unavailable, "tls.closed", "the peer said goodbye"};
    auto said = crypto::handshakeError(session_.get());
    if (socket_.systemError() != 0) {
      return {ErrorKind::unavailable, shaking_ ? "tls.handshake.closed" : "net.peer.reset",
              systemMessage(socket_.systemError())};
    }
    const bool cut_off = ssl_error_ == SSL_ERROR_SYSCALL || std::string_view{said.code} == "tls.handshake.closed";
    if (socket_.ended() && cut_off) {
      if (shaking_) return {ErrorKind::unavailable, "tls.handshake.closed", "the peer left during the handshake"};
      return {ErrorKind::unavailable, "tls.truncated", "the peer left without close_notify"};
    }
    if (!shaking_ && std::string_view{said.code} == "tls.handshake.protocol") said.code = "tls.protocol";
    return said;
  }

 private:
  Step stepAfter(int result) {
    ssl_error_ = SSL_get_error(session_.get(), result);
    switch (ssl_error_) {
      case SSL_ERROR_WANT_READ: return Step::wantsInput;
      case SSL_ERROR_WANT_WRITE: return Step::wantsOutput;
      case SSL_ERROR_ZERO_RETURN: return Step::ended;
      default: return Step::failed;
    }
  }

  crypto::SslPtr session_;
  TlsSocket& socket_;
  int ssl_error_ = SSL_ERROR_NONE;
  bool shaking_ = true;
};

}  // namespace

Result<std::unique_ptr<ByteLayer>> tlsLayer(crypto::SslPtr session, TlsSocket& socket) {
  SP_TRY(socket.attach(session.get()));
  return std::unique_ptr<ByteLayer>{std::make_unique<TlsLayer>(std::move(session), socket)};
}

}  // namespace sallyport::net
