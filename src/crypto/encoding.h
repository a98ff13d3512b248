// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hex, base64 and base64url (RFC 4648 4 and 5). Decoding is strict: one text for one value, so that what was compared
// or signed is what was meant. Nothing is skipped, no bit beyond the value may be set.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace sallyport::crypto {

std::string toHex(Bytes bytes);       // "0aff"
std::string toColonHex(Bytes bytes);  // "0A:FF", as certificate fingerprints are written (RFC 8122 5)
std::optional<std::vector<std::uint8_t>> fromHex(std::string_view text);  // either case, no separators

enum class Base64Padding : std::uint8_t { required, forbidden, optional };

std::string base64Encode(Bytes bytes);
std::string base64EncodeUnpadded(Bytes bytes);
std::optional<std::vector<std::uint8_t>> base64Decode(std::string_view text, Base64Padding padding);

// As JOSE writes it (RFC 7515 2): '-' and '_' for '+' and '/', never padded.
std::string base64UrlEncode(Bytes bytes);
std::optional<std::vector<std::uint8_t>> base64UrlDecode(std::string_view text);

}  // namespace sallyport::crypto
