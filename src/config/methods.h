// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which methods somebody may send: what calls are made of, as [guard] lists it, and beyond calls what their own
// `methods` says, or [guard] where they say nothing; REGISTER only where there is a registrar. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sallyport::config {

// `peer`: a [[peer]]'s name, or "device" for the enrolled devices; anybody else has what [guard] lists.
std::vector<std::string> methodsOf(const Config& config, std::string_view peer);

// The same as they stand in Allow (RFC 3261 20.5). Within a call: those that mean something there.
enum class AllowedWhere : std::uint8_t { anywhere, inCall };
std::string allowOf(const Config& config, std::string_view peer, AllowedWhere where);
// In a 405 (RFC 3261 21.4.6): whatever else may come from there, not `refused`, here and now.
std::string allowInstead(const Config& config, std::string_view peer, AllowedWhere where, std::string_view refused);

}  // namespace sallyport::config
