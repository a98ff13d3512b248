// SPDX-License-Identifier: Apache-2.0
#pragma once
// Outbound TLS to a peer whose identity is known beforehand: the first of its addresses that answers and
// proves that identity. Plain TCP where that is said. On the loop's thread.

#include <memory>
#include <variant>
#include <vector>

#include "net/loop.h"
#include "net/task.h"
#include "net/tls_connection.h"

namespace sallyport::crypto {
class TlsClientContext;
}

namespace sallyport::net {

struct DialLimits {
  Duration connect = std::chrono::seconds{3};  // per address
  TlsLimits stream{};
  TlsDeadlines deadlines{};  // handshake applies per address, first_byte not at all
};

// The context is that peer's, and nobody else's.
using DialSecurity = std::variant<std::shared_ptr<const crypto::TlsClientContext>, PlainBytes>;

struct DialTarget {
  std::vector<Endpoint> addresses;  // in order of preference; never empty
  DialSecurity security;
};

using DialCallback = UniqueFunction<void(Result<std::unique_ptr<TlsConnection>>)>;

// An attempt under way. Letting it go gives up without a word.
class [[nodiscard]] Dial {
 public:
  // The callback runs once, from the loop and never from within this call. On failure it has the error of
  // the last address: "net.connect.refused", "net.connect.timeout", "net.connect.unreachable",
  // "tls.handshake.*" and "tls.certificate.*" as in tls_listener.h. An address whose peer does not prove the
  // identity ends the whole attempt: that is not for another address to make good.
  static std::unique_ptr<Dial> start(Loop& loop, DialTarget target, DialLimits limits, DialCallback done);
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

 private:
  class Impl;
  explicit Dial(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net
