// SPDX-License-Identifier: Apache-2.0
#include "guard/verdict.h"

#include <array>

namespace sallyport::guard {
namespace {

struct CodeStatus {
  std::string_view code;
  unsigned status;
};

constexpr std::array kByCode{
    CodeStatus{"guard.method.denied", 405},  CodeStatus{"guard.peer.unknown", 403},
    CodeStatus{"guard.domain.foreign", 403}, CodeStatus{"guard.rate.identity", 480},
    CodeStatus{"guard.calls.identity", 480}, CodeStatus{"guard.rate.source", 503},
    CodeStatus{"guard.calls.source", 503},   CodeStatus{"guard.calls.peer", 503},
    CodeStatus{"guard.table.full", 503},     CodeStatus{"guard.rate.requests", 480},
    CodeStatus{"guard.auth.identity", 480},  CodeStatus{"guard.auth.source", 503},
};

unsigned statusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::peerMisbehaved: return 400;
    case ErrorKind::peerDenied: return 403;
    case ErrorKind::overloaded:
    case ErrorKind::unavailable: return 503;
    case ErrorKind::misconfigured:
    case ErrorKind::internal: break;
  }
  return 500;
}

}  // namespace

std::string_view toString(Action action) {
  switch (action) {
    case Action::admit: return "admit";
    case Action::challenge: return "challenge";
    case Action::refuse: return "refuse";
    case Action::drop: return "drop";
  }
  return "drop";
}

Verdict Verdict::refuse(ErrorKind kind, const char* code, std::string facts) {
  return {Action::refuse, kind, code, std::move(facts), std::nullopt};
}

unsigned sipStatus(const Refusal& refusal) {
  if (refusal.action == Action::drop) return 0;
  if (refusal.action == Action::challenge) return 401;
  for (const auto& [code, status] : kByCode) {
    if (refusal.code == code) return status;
  }
  return statusOf(refusal.kind);
}

}  // namespace sallyport::guard
