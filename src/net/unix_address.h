// SPDX-License-Identifier: Apache-2.0
#pragma once
// A path in the form the system calls take. Inside this room only.

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "core/result.h"
#include "net/socket.h"

namespace sallyport::net {

class UnixAddress {
 public:
  // "net.unix.path" (misconfigured) when it is empty or too long for a socket.
  static Result<UnixAddress> of(const std::string& path) {
    UnixAddress made;
    if (path.empty() || path.size() >= sizeof made.address_.sun_path) {
      return Error{ErrorKind::misconfigured, "net.unix.path",
                   "a socket's path has 1 to " + std::to_string(sizeof made.address_.sun_path - 1) + " characters: \"" +
                       path + "\""};
    }
    std::memcpy(made.address_.sun_path, path.c_str(), path.size() + 1);
    return made;
  }

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }

 private:
  UnixAddress() { address_.sun_family = AF_UNIX; }
  sockaddr_un address_{};
};

}  // namespace sallyport::net
