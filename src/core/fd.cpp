// SPDX-License-Identifier: Apache-2.0
#include "core/fd.h"

#include <unistd.h>

#include <cerrno>

namespace sallyport {

void Fd::reset() {
  if (raw_ >= 0) ::close(std::exchange(raw_, -1));
}

int writeAll(const Fd& fd, Bytes content) {
  while (!content.empty()) {
    const auto count = ::write(fd.raw(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content = content.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace sallyport
