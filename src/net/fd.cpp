// SPDX-License-Identifier: Apache-2.0
#include "net/fd.h"

#include <unistd.h>

namespace sallyport::net {

void Fd::reset() {
  if (raw_ >= 0) ::close(std::exchange(raw_, -1));
}

}  // namespace sallyport::net
