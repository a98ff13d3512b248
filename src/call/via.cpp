// SPDX-License-Identifier: Apache-2.0
#include "call/via.h"

#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kBranchCharacters = 16;

const char* viaTransport(Transport transport) {
  switch (transport) {
    case Transport::tcp: return "TCP";
    case Transport::tls: return "TLS";
    case Transport::wss: return "WSS";
  }
  return "";
}

}  // namespace

std::string newBranch(unsigned worker) {
  return "z9hG4bK" + std::to_string(worker) + "-" + crypto::randomToken(kBranchCharacters);
}

std::string_view toString(Transport transport) {
  switch (transport) {
    case Transport::tcp: return "tcp";
    case Transport::tls: return "tls";
    case Transport::wss: return "wss";
  }
  return "";
}

const std::string& SentBy::on(Transport transport) const {
  switch (transport) {
    case Transport::tcp: return plain_;
    case Transport::tls: return tls_;
    case Transport::wss: return web_;
  }
  return tls_;
}

std::string SentBy::via(Transport transport, std::string_view branch) const {
  const auto* name = viaTransport(transport);
  return std::string{"SIP/2.0/"}.append(name).append(" ").append(on(transport)).append(";branch=").append(branch);
}

// RFC 7118 5.2: a URI says "ws" of either kind of WebSocket.
std::string SentBy::uri(Transport transport, std::string_view user) const {
  std::string uri{"sip:"};
  if (!user.empty()) uri.append(user).append("@");
  return uri.append(on(transport))
      .append(";transport=")
      .append(transport == Transport::wss ? "ws" : toString(transport));
}

}  // namespace sallyport::call
