// SPDX-License-Identifier: Apache-2.0
#pragma once
// The peers for an operator: what they must prove, how many calls they have, which of their servers are alive. As
// JSON over the control socket, as lines on a terminal.

#include <string>
#include <string_view>
#include <vector>

#include "call/peer_report.h"

namespace sallyport::app {

// {"peers": [...]}
std::string peersJson(const std::vector<call::PeerReport>& peers);
// Of what peersJson() made.
std::string peersTable(std::string_view json);

}  // namespace sallyport::app
