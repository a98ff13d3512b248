// SPDX-License-Identifier: Apache-2.0
#pragma once
// OpenSSL's per-thread error queue as text, emptied whenever it is read so that a later, unrelated
// failure never reports an old cause.

#include <string>
#include <string_view>

#include "core/result.h"

namespace sallyport::crypto {

// The queued reasons, oldest first, joined by "; "; empty when there are none. Empties the queue.
std::string drainOpensslErrors();

// `what` and the queued reasons as the detail.
Error opensslError(ErrorKind kind, const char* code, std::string_view what);

}  // namespace sallyport::crypto
