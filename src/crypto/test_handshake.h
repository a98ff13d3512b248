// SPDX-License-Identifier: Apache-2.0
#pragma once
// A TLS handshake between two SSL objects over memory, for tests and benchmarks: no socket, no thread.
// Never part of the product.

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"
#include "crypto/openssl_ptr.h"
#include "crypto/tls_context.h"

namespace sallyport::crypto::testing {

class MemoryHandshake {
 public:
  MemoryHandshake(SslPtr server, SslPtr client) : server_(std::move(server)), client_(std::move(client)) {
    BIO* one = nullptr;
    BIO* other = nullptr;
    constexpr std::size_t kBuffer = 64 * 1024;
    SP_CHECK(BIO_new_bio_pair(&one, kBuffer, &other, kBuffer) == 1);
    SSL_set_bio(server_.get(), one, one);
    SSL_set_bio(client_.get(), other, other);
  }

  // Turns both ends until neither has more to do. What each end made of it is then error(), or nothing.
  void run() {
    for (int turn = 0; turn < 16; ++turn) {
      step(client_.get(), client_error_);
      step(server_.get(), server_error_);
    }
    // In TLS 1.3 a client has finished before the server has judged it; the verdict comes with the first read.
    if (!client_error_) readOnce(client_.get(), client_error_);
    if (!server_error_) readOnce(server_.get(), server_error_);
  }

  bool complete() const { return !server_error_ && !client_error_ && done(server()) && done(client()); }
  SSL* server() const { return server_.get(); }
  SSL* client() const { return client_.get(); }
  const std::optional<Error>& serverError() const { return server_error_; }
  const std::optional<Error>& clientError() const { return client_error_; }
  std::string serverCode() const { return server_error_ ? server_error_->code : "ok"; }
  std::string clientCode() const { return client_error_ ? client_error_->code : "ok"; }

  // Whether bytes written at one end are read at the other.
  static bool carries(SSL* from, SSL* to, std::string_view text) {
    char buffer[256] = {};
    std::size_t count = 0;
    return SSL_write_ex(from, text.data(), text.size(), &count) == 1 &&
           SSL_read_ex(to, buffer, sizeof buffer, &count) == 1 && std::string_view{buffer, count} == text;
  }

 private:
  static bool done(SSL* session) { return SSL_is_init_finished(session) == 1; }
  static void step(SSL* session, std::optional<Error>& error) {
    if (error || done(session)) return;
    ERR_clear_error();
    note(session, SSL_do_handshake(session), error);
  }
  static void readOnce(SSL* session, std::optional<Error>& error) {
    char byte = 0;
    ERR_clear_error();
    if (done(session)) note(session, SSL_peek(session, &byte, 1), error);
  }
  static void note(SSL* session, int result, std::optional<Error>& error) {
    if (result > 0) return;
    const int cause = SSL_get_error(session, result);
    if (cause == SSL_ERROR_SSL || cause == SSL_ERROR_SYSCALL) error = handshakeError(session);
  }

  SslPtr server_;
  SslPtr client_;
  std::optional<Error> server_error_;
  std::optional<Error> client_error_;
};

}  // namespace sallyport::crypto::testing
