// SPDX-License-Identifier: Apache-2.0
#pragma once
// A SIP message (RFC 3261 7) as parsed from one frame. The message owns the frame's bytes; every
// view it hands out points into them and lives as long as the message (moves keep views valid).
//
// parse() is strict where two parsers could disagree (start line, header names, Content-Length,
// CSeq, the single-valued headers) and tolerant where RFC 4475 3.1 says tolerant (white space,
// folding, compact forms, unknown schemes, methods and headers). What a B2BUA needs on every
// message is parsed once, at parse(); everything else on demand.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sip/header_values.h"

namespace sallyport::sip {

enum class Method : std::uint8_t {
  invite,
  ack,
  bye,
  cancel,
  options,
  registration,
  prack,
  update,
  info,
  message,
  subscribe,
  notify,
  refer,
  publish,
  other,
};
std::string_view toString(Method method);   // "INVITE"; "" for other
Method methodFrom(std::string_view token);  // case-sensitive (RFC 3261 7.1)

// Headers the edge reads or writes by name; the rest are HeaderId::other with their name kept.
enum class HeaderId : std::uint8_t {
  accept,
  acceptEncoding,
  acceptLanguage,
  alertInfo,
  allow,
  allowEvents,
  authenticationInfo,
  authorization,
  callId,
  callInfo,
  contact,
  contentDisposition,
  contentEncoding,
  contentLanguage,
  contentLength,
  contentType,
  cseq,
  date,
  diversion,
  errorInfo,
  event,
  expires,
  from,
  historyInfo,
  identity,
  inReplyTo,
  maxForwards,
  mimeVersion,
  minExpires,
  minSe,
  organization,
  pAssertedIdentity,
  pPreferredIdentity,
  path,
  priority,
  privacy,
  proxyAuthenticate,
  proxyAuthorization,
  proxyRequire,
  rack,
  reason,
  recordRoute,
  referSub,
  referTo,
  referredBy,
  replaces,
  replyTo,
  require,
  retryAfter,
  route,
  rseq,
  server,
  serviceRoute,
  sessionExpires,
  subject,
  subscriptionState,
  supported,
  timestamp,
  to,
  unsupported,
  userAgent,
  via,
  warning,
  wwwAuthenticate,
  other,
};
std::string_view toString(HeaderId id);        // canonical long form: "Call-ID"
HeaderId headerIdFrom(std::string_view name);  // long or compact form, any case
constexpr std::size_t kHeaderIdCount = static_cast<std::size_t>(HeaderId::other) + 1;

struct HeaderField {
  HeaderId id;
  std::string_view name;   // as received
  std::string_view value;  // unfolded, outer white space removed
};

struct ParseLimits {
  std::size_t max_bytes = 65'536;
  std::size_t max_headers = 128;
  std::size_t max_header_bytes = 8'192;  // one header line, after unfolding
  std::size_t max_list_items = 64;       // Via, Route, Record-Route, Contact values in one message
};

class Message {
 public:
  // `frame` is exactly one message: start line, headers, empty line, body of Content-Length bytes.
  // Errors: kind peerMisbehaved, codes "sip.*" (see docs; each has a test).
  static Result<Message> parse(std::string frame, const ParseLimits& limits = {});

  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;

  bool isRequest() const { return status_ == 0; }
  Method method() const { return method_; }  // of the request, or the CSeq of a response
  std::string_view methodName() const { return method_name_; }
  std::string_view requestUri() const { return request_uri_; }  // "" for a response
  int status() const { return status_; }                        // 0 for a request
  std::string_view reason() const { return reason_; }
  bool isProvisional() const { return status_ >= 100 && status_ < 200; }
  bool isSuccess() const { return status_ >= 200 && status_ < 300; }
  bool isFinal() const { return status_ >= 200; }

  // Parsed once, always present and well formed after parse():
  const Via& topmostVia() const { return topmost_via_; }
  const NameAddr& from() const { return from_; }
  const NameAddr& to() const { return to_; }
  std::string_view fromTag() const { return from_.tag(); }  // "" when absent
  std::string_view toTag() const { return to_.tag(); }
  std::string_view callId() const { return call_id_; }
  std::uint32_t cseq() const { return cseq_; }
  std::optional<unsigned> maxForwards() const { return max_forwards_; }

  std::span<const HeaderField> headers() const { return headers_; }
  std::optional<std::string_view> header(HeaderId id) const;  // the first of that name
  std::optional<std::string_view> header(std::string_view other_name) const;
  bool has(HeaderId id) const { return header(id).has_value(); }
  // All values of a comma-separated header, over all its lines, in order.
  std::vector<std::string_view> list(HeaderId id) const;
  bool listContains(HeaderId id, std::string_view token) const;  // option tags, methods; case-insensitive
  Result<std::vector<NameAddr>> nameAddrs(HeaderId id) const;    // Contact, Route, Record-Route, ...
  Result<std::vector<Via>> vias() const;

  std::string_view body() const { return body_; }
  std::string_view contentType() const { return content_type_; }  // media type only, lower case not guaranteed
  std::string_view bytes() const { return *frame_; }              // the frame, its folds made into spaces

 private:
  friend class MessageParser;
  Message() = default;

  std::unique_ptr<std::string> frame_;  // on the heap, so that moving the message moves no byte
  Method method_ = Method::other;
  int status_ = 0;
  std::string_view method_name_, request_uri_, reason_, call_id_, body_, content_type_;
  std::uint32_t cseq_ = 0;
  std::optional<unsigned> max_forwards_;
  Via topmost_via_;
  NameAddr from_, to_;
  std::vector<HeaderField> headers_;
  std::array<std::uint16_t, kHeaderIdCount> first_{};  // 1 + index of the first header of that name; 0: absent
};

// The response to a request that parse() or the framer refused, built from the header lines that can
// be read without doubt (Via, From, To, Call-ID, CSeq). Nothing when no safe answer exists: one of
// them is missing, repeated or broken, or the frame is an ACK or a response. `frame` may be cut short.
std::optional<std::string> salvageResponse(std::string_view frame, int status, std::string_view reason);

}  // namespace sallyport::sip
