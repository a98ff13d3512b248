// SPDX-License-Identifier: Apache-2.0
#include "call/status_map.h"

#include <string_view>

#include "call/route_table.h"

namespace sallyport::call {

int statusTowardsPeer(int far_status) {
  switch (far_status) {
    case 400: return 500;  // we made the request the far side could not read
    case 401:
    case 407: return 502;  // the far side wants a proof from us that we do not have
    case 405:
    case 415:
    case 416:
    case 420:
    case 421:
    case 422:
    case 481:
    case 494: return 500;  // about our own leg, meaningless on the other
    case 482:
    case 483: return 482;
    case 487: return 487;
    case 503: return 500;
    default: break;
  }
  if (far_status >= 300 && far_status < 400) return 480;
  if (far_status >= 400 && far_status < 500) return far_status;
  if (far_status >= 500 && far_status < 600) return far_status == 504 ? 504 : 500;
  if (far_status >= 600 && far_status < 700) return far_status;
  return 500;
}

bool isChallengeRefusal(const Error& error) {
  const std::string_view code{error.code};
  return code.starts_with("call.challenge.") || code.starts_with("identity.digest.");
}

int statusTowardsPeer(const Error& error) {
  const std::string_view code{error.code};
  if (code.starts_with("sdp.")) return 488;
  if (code.starts_with("media.srtp.") && error.kind == ErrorKind::peerMisbehaved) return 488;  // its keys
  if (code.starts_with("tls.")) return 502;   // the far side did not prove who it is: not the caller's fault
  if (isChallengeRefusal(error)) return 502;  // the far side wants a proof from us that we do not have
  if (code == "call.refer.pending") return 491;
  if (code == "call.replaces.foreign") return 481;
  if (code == "call.replaces.answered") return 486;
  if (code == "call.info.type" || code == "media.event.not_agreed") return 415;
  if (code == "call.route.none") return 404;
  if (code == "call.route.to_origin" || code == "call.loop") return 482;
  if (const int status = refusalStatus(code)) return status;
  if (code == "call.sips.scheme" || code == "call.request_uri.scheme") return 416;
  if (code == "call.sips.hop" || code == "call.sips.required") return 480;
  if (code == "call.privacy.critical") return 500;  // RFC 3323 5.1
  if (code == "call.max_forwards") return 483;
  if (code == "sip.session_expires.too_small") return 422;
  if (code == "sip.prack_never_came") return 500;  // RFC 3262 3
  if (code == "sip.transaction.timeout") return 408;
  switch (error.kind) {
    case ErrorKind::peerMisbehaved: return 400;
    case ErrorKind::peerDenied: return 403;
    case ErrorKind::overloaded: return 503;
    case ErrorKind::unavailable: return 480;
    case ErrorKind::misconfigured:
    case ErrorKind::internal: return 500;
  }
  return 500;
}

}  // namespace sallyport::call
