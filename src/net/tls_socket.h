// SPDX-License-Identifier: Apache-2.0
#pragma once
// The socket beneath a stream, also as the BIO of an SSL. Unlike OpenSSL's own it raises no SIGPIPE, counts, keeps the
// system's error, and asks the kernel no second time in a turn after it gave less than it was asked for.
// Owned by a TlsStream.

#include <openssl/ssl.h>

#include <cstdint>

#include "core/fd.h"
#include "core/result.h"

namespace sallyport::net {

class TlsSocket {
 public:
  explicit TlsSocket(Fd fd) : fd_(std::move(fd)) {}
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  // `session` goes before the socket. "tls.session.failed" when out of memory.
  Status attach(SSL* session);

  // How many bytes; -1 with systemError() 0 when the kernel has or takes none for now, 0 at the end of what is read.
  int read(char* out, int size);
  int write(const char* in, int size);

  int fd() const { return fd_.raw(); }
  // The kernel may have something again, of which at most about `budget` bytes are read before the next
  // turn: OpenSSL reads on by itself while a peer sends records without content.
  void newTurn(std::size_t budget) {
    drained_ = false;
    budget_ = budget;
  }
  bool drained() const { return drained_; }
  bool ended() const { return ended_; }       // the peer's end of the stream was read
  int systemError() const { return error_; }  // of the last failed call, 0 when there was none
  std::uint64_t bytesIn() const { return bytes_in_; }
  std::uint64_t bytesOut() const { return bytes_out_; }

  // Tells the peer that nothing more comes.
  void finishWriting();
  // Reads and throws away what there is, at most `limit` bytes; true once the peer has ended too.
  bool discardInput(std::size_t limit);

 private:
  friend struct TlsSocketBio;

  Fd fd_;
  bool drained_ = false;
  std::size_t budget_ = 0;
  bool ended_ = false;
  int error_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

}  // namespace sallyport::net
