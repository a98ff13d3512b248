// SPDX-License-Identifier: Apache-2.0
#pragma once
// SP_CHECK kills the process: for a broken invariant past which unauthenticated data could pass.
// What a stranger, the network or an operator can cause is a Result, never a check.

namespace sallyport {

[[noreturn]] void checkFailed(const char* expression, const char* file, int line);

}  // namespace sallyport

#define SP_CHECK(expression) \
  (static_cast<bool>(expression) ? void(0) : ::sallyport::checkFailed(#expression, __FILE__, __LINE__))
