// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which methods somebody may send: what calls are made of, as [guard] lists it, and beyond calls what their own
// `methods` says, or [guard] where they say nothing; REGISTER only where there is a registrar. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sallyport::config {

// `peer`: a [[peer]]'s name, or "device" for the enrolled devices; anybody else has what [guard] lists.
std::vector<std::string> methodsOf(const Config& config, std::string_view peer);

}  // namespace sallyport::config
