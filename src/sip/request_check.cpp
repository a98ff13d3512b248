// SPDX-License-Identifier: Apache-2.0
#include "sip/request_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::sip {
namespace {

constexpr auto kNpos = std::string_view::npos;

bool isOneOf(std::string_view text, std::span<const std::string_view> known) {
  return std::any_of(known.begin(), known.end(), [text](std::string_view k) { return equalsIgnoringCase(text, k); });
}

Status checkRequestUri(const Message& request) {
  SP_ASSIGN(const Uri uri, Uri::parse(request.requestUri()));
  if (!uri.isSip() && !uri.isSips()) return misbehaved("sip.request_uri.scheme", excerpt(uri.scheme));
  if (!uri.headers.empty()) return misbehaved("sip.request_uri.headers", excerpt(request.requestUri()));
  return success();
}

// From and To are opaque to a UAS unless they are SIP URIs, which then must be whole.
Status checkParty(std::string_view uri_text) {
  SP_ASSIGN(const Uri uri, Uri::parse(uri_text));
  static_cast<void>(uri);
  return success();
}

Status checkRegisterTo(const Message& request) {
  if (request.method() != Method::registration) return success();
  SP_ASSIGN(const Uri uri, Uri::parse(request.to().uri));
  if (!uri.isSip() && !uri.isSips()) return misbehaved("sip.register.to_scheme", excerpt(uri.scheme));
  return success();
}

constexpr bool needsContact(Method method) {
  return method == Method::invite || method == Method::subscribe || method == Method::refer || method == Method::update;
}

Status checkContacts(const Message& request) {
  SP_ASSIGN(const std::vector<NameAddr> contacts, request.nameAddrs(HeaderId::contact));
  const bool opens_dialog = needsContact(request.method());
  if (opens_dialog && contacts.empty()) return misbehaved("sip.contact.missing");
  if (opens_dialog && contacts.size() > 1) return misbehaved("sip.contact.multiple");
  for (const NameAddr& contact : contacts) {
    if (contact.uri == "*") {
      const bool removes_all = request.method() == Method::registration && contacts.size() == 1 &&
                               request.header(HeaderId::expires) == std::string_view{"0"};
      if (!removes_all) return misbehaved("sip.contact.wildcard");
      continue;
    }
    SP_ASSIGN(const Uri uri, Uri::parse(contact.uri));
    if (opens_dialog && !uri.isSip() && !uri.isSips()) return misbehaved("sip.contact.scheme", excerpt(uri.scheme));
  }
  return success();
}

// rfc1123-date: "Sat, 13 Nov 2010 23:29:00 GMT" (RFC 3261 25.1). The weekday is not recomputed.
bool isSipDate(std::string_view text) {
  constexpr std::string_view kShape = "AAA, 00 AAA 0000 00:00:00 GMT";
  constexpr std::string_view kDays = "Mon Tue Wed Thu Fri Sat Sun";
  constexpr std::string_view kMonths = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char shape = i < kShape.size() - 3 ? kShape[i] : 'Z';
    const bool fits = shape == 'A' ? isAlpha(text[i]) : shape == '0' ? isDigit(text[i]) : text[i] == kShape[i];
    if (!fits) return false;
  }
  return kDays.find(text.substr(0, 3)) != kNpos && kMonths.find(text.substr(8, 3)) != kNpos &&
         parseUnsigned(text.substr(5, 2), 1, 31) && parseUnsigned(text.substr(17, 2), 0, 23) &&
         parseUnsigned(text.substr(20, 2), 0, 59) && parseUnsigned(text.substr(23, 2), 0, 60);
}

// RFC 3261 20.1: no Accept means the default; "*/*" and "type/*" are ranges; q=0 is not looked at.
Status checkAccept(const Message& request, const UasCapabilities& capabilities) {
  if (request.method() != Method::invite || !request.has(HeaderId::accept)) return success();
  for (const std::string_view item : request.list(HeaderId::accept)) {
    const std::string_view range = trimRight(item.substr(0, item.find(';')));
    if (range == "*/*" || isOneOf(range, capabilities.session_types)) return success();
    if (range.size() < 2 || range.substr(range.size() - 2) != "/*") continue;
    const std::string_view type = range.substr(0, range.size() - 1);
    for (const std::string_view known : capabilities.session_types) {
      if (equalsIgnoringCase(known.substr(0, type.size()), type)) return success();
    }
  }
  return misbehaved("sip.accept.unacceptable", excerpt(*request.header(HeaderId::accept)));
}

constexpr bool carriesSession(Method method) {
  return method == Method::invite || method == Method::update || method == Method::prack || method == Method::ack;
}

Status checkBody(const Message& request, const UasCapabilities& capabilities) {
  if (request.body().empty()) return success();
  const auto header = request.header(HeaderId::contentType);
  if (!header) return misbehaved("sip.content_type.missing");
  const std::string_view type = request.contentType();
  const std::size_t slash = type.find('/');
  const std::size_t semicolon = header->find(';');
  if (slash == kNpos || !isToken(trim(type.substr(0, slash))) || !isToken(trim(type.substr(slash + 1)))) {
    return misbehaved("sip.content_type.invalid", excerpt(*header));
  }
  const Params params{semicolon == kNpos ? std::string_view{} : header->substr(semicolon + 1)};
  const bool multipart = equalsIgnoringCase(type.substr(0, slash), "multipart");
  if (multipart && params.find("boundary").value_or("").empty()) {
    return misbehaved("sip.multipart.boundary", excerpt(*header));
  }

  const auto disposition = request.header(HeaderId::contentDisposition);
  if (disposition && disposition->find(';') != kNpos) {
    const Params how{disposition->substr(disposition->find(';') + 1)};
    if (equalsIgnoringCase(how.find("handling").value_or(""), "optional")) return success();
  }
  for (const std::string_view encoding : request.list(HeaderId::contentEncoding)) {
    if (!equalsIgnoringCase(encoding, "identity")) {
      return misbehaved("sip.content_encoding.unsupported", excerpt(encoding));
    }
  }
  if (carriesSession(request.method()) && !multipart && !isOneOf(type, capabilities.session_types)) {
    return misbehaved("sip.content_type.unsupported", excerpt(type));
  }
  return success();
}

}  // namespace

std::vector<std::string_view> unsupportedOptions(const Message& request, const UasCapabilities& capabilities) {
  std::vector<std::string_view> lacking;
  for (const std::string_view tag : request.list(HeaderId::require)) {
    if (!isOneOf(tag, capabilities.option_tags)) lacking.push_back(tag);
  }
  return lacking;
}

Status checkRequest(const Message& request, const UasCapabilities& capabilities) {
  if (request.method() == Method::other) return misbehaved("sip.method.unknown", excerpt(request.methodName()));
  SP_TRY(checkRequestUri(request));
  SP_TRY(checkParty(request.from().uri));
  SP_TRY(checkParty(request.to().uri));
  SP_TRY(checkRegisterTo(request));
  SP_TRY(checkContacts(request));
  if (const auto date = request.header(HeaderId::date); date && !isSipDate(*date)) {
    return misbehaved("sip.date", excerpt(*date));
  }
  // RFC 3261 8.2.2.3: Require is ignored in ACK and CANCEL.
  if (request.method() != Method::ack && request.method() != Method::cancel) {
    const auto lacking = unsupportedOptions(request, capabilities);
    if (!lacking.empty()) return misbehaved("sip.require.unsupported", excerpt(lacking.front()));
  }
  SP_TRY(checkAccept(request, capabilities));
  return checkBody(request, capabilities);
}

int statusFor(const Error& error) {
  constexpr auto kStatuses = std::to_array<std::pair<std::string_view, int>>({
      {"sip.accept.unacceptable", 406},
      {"sip.content_encoding.unsupported", 415},
      {"sip.content_length.too_large", 413},
      {"sip.content_type.unsupported", 415},
      {"sip.dialog.glare", 491},
      {"sip.dialog.overlap", 500},
      {"sip.dialog.cseq", 500},
      {"sip.dialog.mismatch", 481},
      {"sip.header.too_long", 513},
      {"sip.loop", 482},
      {"sip.max_forwards.exhausted", 483},
      {"sip.method.not_allowed", 405},
      {"sip.method.unknown", 501},
      {"sip.min_se", 400},
      {"sip.register.to_scheme", 404},
      {"sip.request_uri.scheme", 416},
      {"sip.request_uri.too_long", 414},
      {"sip.require.unsupported", 420},
      {"sip.session_interval.too_small", 422},
      {"sip.too_large", 513},
      {"sip.too_many_headers", 513},
      {"sip.too_many_values", 513},
      {"sip.transaction.timeout", 408},
      {"sip.transaction.transport", 503},
      {"sip.version", 505},
  });
  const std::string_view code = error.code;
  const auto found =
      std::find_if(kStatuses.begin(), kStatuses.end(), [code](const auto& e) { return e.first == code; });
  if (found != kStatuses.end()) return found->second;
  switch (error.kind) {
    case ErrorKind::peerMisbehaved: return 400;
    case ErrorKind::peerDenied: return 403;
    case ErrorKind::overloaded: return 503;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::misconfigured: return 500;
    case ErrorKind::internal: return 500;
  }
  return 500;
}

}  // namespace sallyport::sip
