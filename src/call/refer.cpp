// SPDX-License-Identifier: Apache-2.0
#include "call/refer.h"

namespace sallyport::call {
namespace {

Error badTarget(std::string_view what) {
  return {ErrorKind::peerMisbehaved, "call.refer.target", std::string{what.substr(0, 120)}};
}

// The header of that name in the part of a URI behind '?', as it stands there (RFC 3261 19.1.1).
std::optional<std::string_view> embedded(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const auto end = headers.find('&');
    const auto header = headers.substr(0, end);
    const auto equals = header.find('=');
    if (sip::equalsIgnoringCase(header.substr(0, equals), name))
      return equals == std::string_view::npos ? std::string_view{} : header.substr(equals + 1);
    headers = end == std::string_view::npos ? std::string_view{} : headers.substr(end + 1);
  }
  return std::nullopt;
}

}  // namespace

Result<Replaces> Replaces::parse(std::string_view value) {
  const auto semicolon = value.find(';');
  const sip::Params params{semicolon == std::string_view::npos ? std::string_view{} : value.substr(semicolon + 1)};
  const auto to = params.find("to-tag"), from = params.find("from-tag");
  auto id = value.substr(0, semicolon);
  while (!id.empty() && (id.back() == ' ' || id.back() == '\t')) id.remove_suffix(1);
  if (id.empty() || !to || !from || to->empty() || from->empty() ||
      id.find_first_of(" \t,") != std::string_view::npos) {
    return Error{ErrorKind::peerMisbehaved, "sip.replaces", std::string{value.substr(0, 120)}};
  }
  Replaces replaces{std::string{id}, std::string{*to}, std::string{*from}};
  if (params.has("early-only")) replaces.scope = Scope::earlyOnly;
  return replaces;
}

Result<Refer> Refer::in(const sip::Message& request) {
  const auto targets = request.nameAddrs(sip::HeaderId::referTo);
  if (!targets || targets->size() != 1) return badTarget("not exactly one Refer-To");
  const auto text = targets->front().uri;
  const auto uri = sip::Uri::parse(text);
  if (!uri || !(uri->isSip() || uri->isSips())) return badTarget(text);
  if (const auto method = uri->params.find("method"); method && !sip::equalsIgnoringCase(*method, "INVITE")) {
    return Error{ErrorKind::peerDenied, "call.refer.method", std::string{*method}};
  }
  Refer refer;
  refer.uri = std::string{uri->scheme} + ":" + (uri->user.empty() ? "" : std::string{uri->user} + "@") +
              std::string{uri->host} + (uri->port ? ":" + std::to_string(*uri->port) : "");
  if (const auto escaped = embedded(uri->headers, "Replaces")) {
    const auto value = sip::unescaped(*escaped);
    if (!value) return Error{ErrorKind::peerMisbehaved, "sip.replaces", std::string{escaped->substr(0, 120)}};
    SP_ASSIGN(refer.replaces, Replaces::parse(*value));
  }
  const auto wish = request.header(sip::HeaderId::referSub);
  if (wish && sip::equalsIgnoringCase(wish->substr(0, wish->find(';')), "false"))
    refer.subscription = Subscription::unwanted;
  return refer;
}

}  // namespace sallyport::call
