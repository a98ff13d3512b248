// SPDX-License-Identifier: Apache-2.0
#include "call/caller_identity.h"

#include <algorithm>
#include <utility>

#include "sip/char_class.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

constexpr std::string_view kAnonymous = "sip:anonymous@anonymous.invalid";  // RFC 3323 4.1.1.3
constexpr std::size_t kLongestDisplayName = 64;

// What a request says of its caller, one claim after the other.
struct Claim {
  std::string_view header;
  std::string_view display_name;
  std::string_view uri;
};

std::vector<Claim> claimsOf(const sip::Message& request) {
  std::vector<Claim> claims;
  const auto add = [&claims](std::string_view header, std::string_view value) {
    const auto read = sip::NameAddr::parse(value);
    if (read) claims.push_back({header, read->display_name, read->uri});
  };
  for (const auto id : {sip::HeaderId::pAssertedIdentity, sip::HeaderId::pPreferredIdentity}) {
    for (const auto value : request.list(id)) add(sip::toString(id), value);
  }
  for (const auto& field : request.headers()) {
    if (!sip::equalsIgnoringCase(field.name, "Remote-Party-ID")) continue;
    for (sip::ListCursor cursor{field.value}; const auto value = cursor.next();) add("Remote-Party-ID", *value);
  }
  claims.push_back({"From", request.from().display_name, request.from().uri});
  return claims;
}

bool isAnonymous(const sip::Uri& uri) {
  return sip::equalsIgnoringCase(uri.user, "anonymous") || sip::equalsIgnoringCase(uri.host, "anonymous.invalid");
}

// The user and host that two URIs must share to be of one caller; parameters and ports say nothing of who it is.
bool isSame(const sip::Uri& a, const sip::Uri& b) {
  return sip::unescaped(a.user) == sip::unescaped(b.user) && sip::equalsIgnoringCase(a.host, b.host);
}

bool isAllowed(const std::vector<std::string>& allowed, std::string_view e164) {
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](std::string_view beginning) { return e164.starts_with(beginning); });
}

// A telephone number is lent as a number, whatever domain stands behind it.
bool isUserOf(const std::vector<std::string>& domains, const sip::Uri& uri, const Number& number) {
  const bool is_user = uri.isSip() && !uri.user.empty() && !number.isKnown() && number.kind != NumberKind::emergency;
  return is_user && std::any_of(domains.begin(), domains.end(),
                                [&](std::string_view domain) { return sip::equalsIgnoringCase(uri.host, domain); });
}

// As text between quotes: what could end or bend them is left out.
std::string plainName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (out.size() == kLongestDisplayName) break;
    const bool harmless = static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '"' &&
                          c != '\\' && c != '<' && c != '>';
    if (harmless) out.push_back(c);
  }
  return std::string{sip::trim(out)};
}

Number numberOf(const CallerRules& rules, const sip::Uri& uri, std::string_view domain) {
  auto number = rules.numbers.read(uri, domain);
  return number ? *std::move(number) : Number{};
}

}  // namespace

PrivacyWish privacyOf(const sip::Message& request) {
  PrivacyWish wish;
  for (const auto& field : request.headers()) {
    if (field.id != sip::HeaderId::privacy) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find_first_of(";,"), rest.size());
      const auto word = sip::trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const auto is = [&](std::string_view name) { return sip::equalsIgnoringCase(word, name); };
      bool* const said = is("id")         ? &wish.id
                         : is("user")     ? &wish.user
                         : is("header")   ? &wish.header
                         : is("session")  ? &wish.session
                         : is("history")  ? &wish.history
                         : is("none")     ? &wish.none
                         : is("critical") ? &wish.critical
                                          : &wish.unknown;
      if (!word.empty()) *said = true;
    }
  }
  return wish;
}

std::string principalUri(const CallerRules& rules, const CallerProof& proof) {
  if (!rules.asserted_identity.empty()) return rules.asserted_identity;
  if (proof.identity.starts_with("uri:sip:")) return std::string{proof.identity.substr(4)};
  if (proof.peer == kDevices) return "sip:" + std::string{proof.identity};
  return "sip:" + std::string{proof.peer} + "@" + std::string{proof.domain};
}

Result<Caller> identifyCaller(const CallerRules& rules, const CallerProof& proof, const sip::Message& request) {
  Caller caller;
  caller.privacy = privacyOf(request);
  if (caller.privacy.critical && caller.privacy.unknown) {
    return Error{ErrorKind::unavailable, "call.privacy.critical", std::string{*request.header(sip::HeaderId::privacy)}};
  }
  const auto principal = principalUri(rules, proof);
  const auto own = sip::Uri::parse(principal);
  caller.uri = principal;
  if (own) caller.number = numberOf(rules, *own, proof.domain);

  bool taken = false;
  for (const auto& claim : claimsOf(request)) {
    const auto uri = sip::Uri::parse(claim.uri);
    if (uri && isAnonymous(*uri)) {
      caller.anonymous = caller.anonymous || claim.header == "From";
      continue;
    }
    const auto number = uri ? numberOf(rules, *uri, proof.domain) : Number{};
    const bool theirs = uri && own && isSame(*uri, *own);
    const bool lent = number.isKnown() && isAllowed(rules.numbers_allowed, number.e164);
    const bool lent_user = !lent && !theirs && uri && isUserOf(rules.users_allowed, *uri, number);
    if (!theirs && !lent && !lent_user) {
      caller.dropped.push_back(std::string{claim.header} + " " + std::string{claim.uri});
      continue;
    }
    if (std::exchange(taken, true)) continue;
    if (lent) {
      caller.uri = "sip:" + number.e164 + "@" + std::string{proof.domain} + ";user=phone";
      caller.number = number;
    } else if (lent_user) {
      caller.uri = "sip:" + std::string{uri->user} + "@" + std::string{uri->host};
      caller.number = number;
    }
    if (proof.peer != kDevices) caller.display_name = plainName(claim.display_name);
  }
  if (rules.on_foreign == OnForeignIdentity::refuse && !caller.dropped.empty())
    return Error{ErrorKind::peerDenied, "call.identity.foreign", caller.dropped.front()};
  return caller;
}

namespace {

// The identity with its number as the target writes numbers.
std::string uriFor(const Caller& caller, const PresentationRules& target) {
  const bool as_it_is = target.numbers == nullptr || target.numbers->rules().outgoing == NumberForm::asIs;
  if (as_it_is || !caller.number.isKnown()) return caller.uri;
  const auto uri = sip::Uri::parse(caller.uri);
  if (!uri || !uri->isSip()) return caller.uri;
  const auto written = target.numbers->write(caller.number);
  if (written == uri->user) return caller.uri;
  return "sip:" + written + "@" + std::string{uri->host} + ";user=phone";
}

}  // namespace

PresentedCaller presentCaller(const Caller& caller, const PresentationRules& target) {
  using config::Disclosure;
  PresentedCaller out;
  const bool wants_hiding = caller.privacy.hidesCaller() && !caller.privacy.none;
  const bool hidden = wants_hiding || caller.anonymous || target.disclosure == Disclosure::never;
  const bool asserted =
      target.disclosure == Disclosure::always || (target.disclosure == Disclosure::respectPrivacy && !wants_hiding);
  const auto identity = uriFor(caller, target);
  out.from_uri = hidden ? std::string{kAnonymous} : identity;
  out.display_name = hidden ? "Anonymous" : caller.display_name;
  if (asserted) out.asserted_identity = identity;
  // Whoever is told the identity all the same is told that it is to go no further (RFC 3325 7).
  if (asserted && wants_hiding) out.privacy = caller.privacy.critical ? "id;critical" : "id";
  return out;
}

std::string PresentedCaller::from() const {
  const auto bracketed = "<" + from_uri + ">";
  return display_name.empty() ? bracketed : "\"" + display_name + "\" " + bracketed;
}

}  // namespace sallyport::call
