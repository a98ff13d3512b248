// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the helper gives up before it reads its first request: every capability but CAP_NET_ADMIN, its user, every
// descriptor but its socket, and every system call that talking to nftables does not take.

#include <string>

#include "core/result.h"

namespace sallyport::firewall {

// Whether this process may change nftables. Error: "firewall.capability" (unavailable).
Status mayChangeTables();

// Changes to `user` when one is named and this is root. Error: "firewall.confinement" (misconfigured).
Status keepOnlyNetAdmin(const std::string& user);

// Any other system call is refused with EPERM. Error: "firewall.confinement".
Status keepOnlyNetlinkCalls();

void closeAllBut(int descriptor);

}  // namespace sallyport::firewall
