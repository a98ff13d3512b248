// SPDX-License-Identifier: Apache-2.0
#include "call/via.h"

#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kBranchCharacters = 16;

}  // namespace

std::string newBranch(unsigned worker) {
  return "z9hG4bK" + std::to_string(worker) + "-" + crypto::randomToken(kBranchCharacters);
}

std::string SentBy::via(HopSecurity hop, std::string_view branch) const {
  std::string value{hop == HopSecurity::tls ? "SIP/2.0/TLS " : "SIP/2.0/TCP "};
  return value.append(on(hop)).append(";branch=").append(branch);
}

std::string SentBy::uri(HopSecurity hop, std::string_view user) const {
  std::string uri{"sip:"};
  if (!user.empty()) uri.append(user).append("@");
  return uri.append(on(hop)).append(hop == HopSecurity::tls ? ";transport=tls" : ";transport=tcp");
}

}  // namespace sallyport::call
