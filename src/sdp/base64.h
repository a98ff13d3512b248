// SPDX-License-Identifier: Apache-2.0
#pragma once
// Base64 (RFC 4648 4) for keys. Decoding accepts present or absent padding and no other
// looseness in the alphabet (white space, URL characters); bits after the last whole byte are ignored.

#include <optional>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace sallyport::sdp {

std::optional<Secret> decodeBase64(std::string_view text);
std::string encodeBase64(Bytes bytes);  // padded

}  // namespace sallyport::sdp
