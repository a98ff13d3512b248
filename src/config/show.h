// SPDX-License-Identifier: Apache-2.0
#pragma once
// A peer with everything that holds for it: written, taken from its preset, or by default.

#include <string>

#include "config/config.h"

namespace sallyport::config {

// A [[peer]] table of TOML that means the same without the preset; what came from there says so in a comment. Paths
// are as they were resolved; passwords are not in a configuration and so not in here.
std::string showPeer(const Peer& peer);

}  // namespace sallyport::config
