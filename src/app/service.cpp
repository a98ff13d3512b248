// SPDX-License-Identifier: Apache-2.0
#include "app/service.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/fd.h"

namespace sallyport::app {
namespace {

Error privilegeError(const std::string& what) {
  return Error{ErrorKind::misconfigured, "app.privileges", what + ": " + std::strerror(errno)};
}

Status dropCapabilities() {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    // Without CAP_SETPCAP the bounding set stays; the sets below are emptied all the same.
    (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (syscall(SYS_capset, &header, none) != 0) return privilegeError("capset");
  return success();
}

}  // namespace

void notifyService(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string_view name{path};
  if (name.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // abstract socket
  const Fd descriptor{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!descriptor) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  (void)sendto(descriptor.raw(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
               length);
}

Status protectProcess() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return privilegeError("no core dumps");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return privilegeError("not dumpable");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return privilegeError("no_new_privs");
  return success();
}

Status dropPrivileges(const std::string& user) {
  if (!user.empty() && geteuid() == 0) {
    const passwd* entry = getpwnam(user.c_str());
    if (entry == nullptr) return Error{ErrorKind::misconfigured, "app.privileges", "edge.user: no user '" + user + "'"};
    if (setgroups(0, nullptr) != 0) return privilegeError("setgroups");
    if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0) return privilegeError("setresgid");
    if (setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0) return privilegeError("setresuid");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return privilegeError("not dumpable");
  }
  return dropCapabilities();
}

std::string heldCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  if (syscall(SYS_capget, &header, held) != 0) return "unknown";
  if (held[0].effective == 0 && held[1].effective == 0) return "none";
  char text[24];
  std::snprintf(text, sizeof text, "%08x%08x", held[1].effective, held[0].effective);
  return text;
}

}  // namespace sallyport::app
