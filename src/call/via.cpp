// SPDX-License-Identifier: Apache-2.0
#include "call/via.h"

#include "core/check.h"
#include "crypto/random.h"
#include "sip/header_values.h"

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

// RFC 7118 5.2: a URI says "ws" of either kind of WebSocket.
std::string uriOf(Transport transport, std::string_view user, std::string_view host_and_port) {
  std::string uri{"sip:"};
  if (!user.empty()) uri.append(user).append("@");
  return uri.append(host_and_port)
      .append(";transport=")
      .append(transport == Transport::wss ? "ws" : toString(transport));
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

const std::string& SentBy::on(Transport transport, std::string_view listener) const {
  switch (transport) {
    case Transport::tcp: return plain_;
    case Transport::tls: break;
    case Transport::wss: return web_;
  }
  const auto named = listeners_.find(listener);
  return named == listeners_.end() ? tls_ : named->second;
}

std::string SentBy::via(Transport transport, std::string_view branch, std::string_view listener) const {
  const auto* name = viaTransport(transport);
  return std::string{"SIP/2.0/"}
      .append(name)
      .append(" ")
      .append(on(transport, listener))
      .append(";branch=")
      .append(branch);
}

std::string SentBy::uri(Transport transport, std::string_view user, std::string_view listener) const {
  return uriOf(transport, user, on(transport, listener));
}

std::string uriBack(std::string_view via, std::string_view user) {
  const auto read = sip::Via::parse(via);
  SP_CHECK(read.ok());
  for (const auto transport : {Transport::tcp, Transport::wss}) {
    if (read->transport == viaTransport(transport)) return uriOf(transport, user, read->sent_by);
  }
  return uriOf(Transport::tls, user, read->sent_by);
}

}  // namespace sallyport::call
