// SPDX-License-Identifier: Apache-2.0
#pragma once
// The path validation cases of x509-limbo (https://x509-limbo.com, Apache-2.0), judged by the code that judges
// peers in the handshake.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"

namespace sallyport::limbo {

struct Case {
  std::string id;
  std::string group;    // "rfc5280", "webpki", ...
  bool accept = false;  // what the corpus expects
  bool client = false;  // the peer is a TLS client
  std::string anchors;  // PEM, concatenated
  std::string crls;
  std::string leaf;
  std::vector<std::string> intermediates;
  std::vector<crypto::SubjectAltName> names;  // those that the peer must have
  WallTime now;
  unsigned max_intermediates = 0;
};

Result<std::vector<Case>> loadCases(const std::filesystem::path& file);

// "ok", or the code of our refusal.
std::string judge(const Case& test);

}  // namespace sallyport::limbo
