// SPDX-License-Identifier: Apache-2.0
#include "core/result.h"

#include <cstdio>
#include <cstdlib>

namespace sallyport {

std::string_view toString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::peerMisbehaved: return "peer_misbehaved";
    case ErrorKind::peerDenied: return "peer_denied";
    case ErrorKind::overloaded: return "overloaded";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::misconfigured: return "misconfigured";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

std::string describe(const Error& error) {
  if (error.detail.empty()) return error.code;
  return std::string{error.code} + ": " + error.detail;
}

void checkFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "sallyport: invariant broken at %s:%d: %s\n", file, line, expression);
  std::abort();
}

}  // namespace sallyport
