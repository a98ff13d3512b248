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

std::string viaValue(std::string_view sent_by, std::string_view branch) {
  std::string value{"SIP/2.0/TLS "};
  return value.append(sent_by).append(";branch=").append(branch);
}

}  // namespace sallyport::call
