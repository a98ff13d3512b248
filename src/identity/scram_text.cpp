// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_text.h"

#include <algorithm>

namespace sallyport::identity {

Result<std::string> scramMessageIn(const AuthParams& params) {
  const auto data = params.find("data");
  if (!data) return scramMisbehaved("identity.scram.malformed", "no data");
  if (data->size() > kMaxScramData) return scramMisbehaved("identity.scram.too_large");
  auto message = fromBase64(*data);
  if (!message || message->empty()) return scramMisbehaved("identity.scram.malformed", "data is no base64");
  // No production of RFC 5802 7 holds a control byte, and a NUL ends strings in other people's code.
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(message->begin(), message->end(), control)) {
    return scramMisbehaved("identity.scram.malformed", "a control byte");
  }
  return *std::move(message);
}

}  // namespace sallyport::identity
