// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the process is to its system: sd_notify(3), and the privileges it gives up.

#include <string>
#include <string_view>

#include "core/result.h"

namespace sallyport::app {

// Tells the service manager, when there is one (NOTIFY_SOCKET): "READY=1", "RELOADING=1", "STOPPING=1",
// "STATUS=...". Silent otherwise.
void notifyService(std::string_view state);

// Before any key is read: no core dumps, no ptrace by the same user, no new privileges by exec.
Status protectProcess();

// After sockets are bound and files opened: changes to `user` when one is named and we are root, then gives
// up every capability in all sets. Error: "app.privileges".
Status dropPrivileges(const std::string& user);

// For `status`: "none", or the effective capability mask in hex.
std::string heldCapabilities();

}  // namespace sallyport::app
