// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a well-formed request may still have wrong before any policy looks at it (RFC 3261 8.2.1-8.2.3,
// RFC 4475 3.2-3.3): a pure judgement of the message, and the status each error is answered with.

#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sip/message.h"

namespace sallyport::sip {

// What this user agent server understands. The defaults are what the edge implements.
struct UasCapabilities {
  static constexpr std::string_view kOptionTags[] = {"100rel", "outbound", "path", "timer"};
  static constexpr std::string_view kSessionTypes[] = {"application/sdp"};

  std::span<const std::string_view> option_tags = kOptionTags;      // for Require
  std::span<const std::string_view> session_types = kSessionTypes;  // bodies of INVITE, UPDATE, PRACK, ACK
};

// In the order of RFC 3261 8.2. Errors, kind peerMisbehaved:
//   sip.method.unknown             a method this implementation does not know        501
//   sip.request_uri.scheme         neither sip nor sips                              416
//   sip.request_uri.headers        a header part, forbidden here (19.1.1)            400
//   sip.register.to_scheme         REGISTER for something that is no SIP address     404
//   sip.uri.*, sip.name_addr.*     Request-URI, From, To or Contact is broken        400
//   sip.contact.missing, .scheme, .multiple, .wildcard (8.1.1.8, 10.2.2)             400
//   sip.date                       not an RFC 1123 date in GMT (20.17)               400
//   sip.require.unsupported        see unsupportedOptions()                          420
//   sip.accept.unacceptable        an INVITE whose Accept excludes session types     406
//   sip.content_type.missing, .invalid, sip.multipart.boundary                       400
//   sip.content_type.unsupported, sip.content_encoding.unsupported                   415
Status checkRequest(const Message& request, const UasCapabilities& capabilities = {});

// The option tags of Require that we lack: the Unsupported header of the 420 (RFC 3261 8.2.2.3).
std::vector<std::string_view> unsupportedOptions(const Message& request, const UasCapabilities& capabilities = {});

// The SIP status an error is answered with: by code where one is assigned, otherwise by kind. Total.
int statusFor(const Error& error);

}  // namespace sallyport::sip
