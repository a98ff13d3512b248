// SPDX-License-Identifier: Apache-2.0
#include "net/tls_socket.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sallyport::net {

struct TlsSocketBio {
  static int read(BIO* bio, char* out, int size) {
    auto& socket = *static_cast<TlsSocket*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const int count = socket.read(out, size);
    if (count < 0 && socket.error_ == 0) BIO_set_retry_read(bio);
    return count;
  }

  static int write(BIO* bio, const char* in, int size) {
    auto& socket = *static_cast<TlsSocket*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const int count = socket.write(in, size);
    if (count < 0 && socket.error_ == 0) BIO_set_retry_write(bio);
    return count;
  }

  static long control(BIO* bio, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_EOF: return static_cast<TlsSocket*>(BIO_get_data(bio))->ended() ? 1 : 0;
      default: return 0;
    }
  }

  static BIO_METHOD* make() {
    auto* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport socket");
    SP_CHECK(method != nullptr);
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  // A table of functions, the same for every socket of the process and never changed.
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const kMethod = make();
    return kMethod;
  }
};

Status TlsSocket::attach(SSL* session) {
  BIO* const bio = BIO_new(TlsSocketBio::method());
  if (bio == nullptr) return Error{ErrorKind::overloaded, "tls.session.failed", "out of memory"};
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session, bio, bio);  // takes the one reference there is
  return success();
}

int TlsSocket::read(char* out, int size) {
  error_ = 0;
  if (drained_) return -1;
  for (;;) {
    const auto count = ::recv(fd_.raw(), out, static_cast<std::size_t>(size), 0);
    if (count > 0) {
      bytes_in_ += static_cast<std::uint64_t>(count);
      const auto taken = static_cast<std::size_t>(count);
      budget_ -= std::min(budget_, taken);
      drained_ = count < size || budget_ == 0;
      return static_cast<int>(count);
    }
    if (count == 0) {
      ended_ = true;
      return 0;
    }
    if (errno == EINTR) continue;
    drained_ = true;
    if (errno != EAGAIN && errno != EWOULDBLOCK) error_ = errno;
    return -1;
  }
}

int TlsSocket::write(const char* in, int size) {
  error_ = 0;
  for (;;) {
    const auto count = ::send(fd_.raw(), in, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes_out_ += static_cast<std::uint64_t>(count);
      return static_cast<int>(count);
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) error_ = errno;
    return -1;
  }
}

void TlsSocket::finishWriting() { ::shutdown(fd_.raw(), SHUT_WR); }

bool TlsSocket::discardInput(std::size_t limit) {
  std::array<char, 4'096> nowhere;
  for (std::size_t taken = 0; taken < limit;) {
    const auto count = ::recv(fd_.raw(), nowhere.data(), nowhere.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    if (count == 0) return true;
    taken += static_cast<std::size_t>(count);
  }
  return false;
}

}  // namespace sallyport::net
