// SPDX-License-Identifier: Apache-2.0
#pragma once
// What stands between a stream and its socket: TLS, or nothing where an operator has said `unprotected`. The stream
// has the deadlines, the bounds and the framing of turns; a layer only moves bytes. Inside this room only. Owned by
// its TlsStream; the socket outlives it.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/result.h"
#include "crypto/openssl_ptr.h"
#include "crypto/verified_peer.h"
#include "net/tls_connection.h"
#include "net/tls_socket.h"

namespace sallyport::net {

class ByteLayer {
 public:
  enum class Step : std::uint8_t {
    done,
    wantsInput,
    wantsOutput,  // the kernel takes no more for now
    ended,        // the peer said that nothing more comes
    failed,
  };
  struct Moved {
    Step step = Step::failed;
    std::size_t bytes = 0;  // with `done` more than none
  };

  virtual ~ByteLayer() = default;

  // Until `done`, before anything else.
  virtual Step open() = 0;
  // Once open: who the other side is; nobody when it has shown no certificate.
  virtual Result<std::optional<crypto::VerifiedPeer>> peer() const = 0;
  virtual Moved read(std::span<char> out) = 0;
  virtual Moved write(std::string_view bytes) = 0;
  virtual Step sayGoodbye() = 0;
  // Bytes that were taken from the socket and not read yet.
  virtual bool holdsInput() const = 0;
  virtual TlsFacts facts() const = 0;
  // Why the last step ended or failed; asked once.
  virtual Error reason() = 0;
};

// "tls.session.failed" when out of memory.
Result<std::unique_ptr<ByteLayer>> tlsLayer(crypto::SslPtr session, TlsSocket& socket);
std::unique_ptr<ByteLayer> plainLayer(TlsSocket& socket);

}  // namespace sallyport::net
