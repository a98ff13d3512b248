// SPDX-License-Identifier: Apache-2.0
#include "identity/auth_params.h"

#include <algorithm>

#include "sip/header_values.h"

namespace sallyport::identity {
namespace {

constexpr std::size_t kMaxParams = 32;
constexpr std::string_view kSpace = " \t";

Error malformed(std::string detail) {
  return {ErrorKind::peerMisbehaved, "identity.params.malformed", std::move(detail)};
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// What stands between the quotes, its quoted-pairs resolved; nothing where the quotes do not close at the end.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || isControl(text[i])) return std::nullopt;
    if (text[i] == '\\' && (++i == text.size() || isControl(text[i]))) return std::nullopt;
    value.push_back(text[i]);
  }
  return value;
}

std::optional<std::string> valueOf(std::string_view text) {
  if (text.starts_with('"')) return unquoted(text);
  std::string token{text};
  std::erase_if(token, [](char c) { return c == '/' || c == '='; });
  if (!sip::isToken(token)) return std::nullopt;
  return std::string{text};
}

}  // namespace

Result<AuthParams> AuthParams::parse(std::string_view value) {
  const auto end = value.find_first_of(kSpace);
  const auto scheme = value.substr(0, end);
  if (!sip::isToken(scheme)) return malformed("no scheme");
  SP_ASSIGN(auto params, parseSchemeless(value.substr(scheme.size())));
  params.scheme_ = scheme;
  return params;
}

Result<AuthParams> AuthParams::parseSchemeless(std::string_view value) {
  AuthParams result;
  if (trimmed(value).empty()) return result;
  sip::ListCursor cursor{value};
  while (const auto item = cursor.next()) {
    const auto equals = item->find('=');
    if (equals == std::string_view::npos) return malformed("a parameter without a value");
    const auto name = trimmed(item->substr(0, equals));
    auto content = valueOf(trimmed(item->substr(equals + 1)));
    if (!sip::isToken(name) || !content) return malformed("a parameter that is none");
    if (result.find(name)) return Error{ErrorKind::peerMisbehaved, "identity.params.repeated", std::string{name}};
    if (result.params_.size() == kMaxParams) return Error{ErrorKind::peerMisbehaved, "identity.params.too_many", {}};
    result.params_.emplace_back(name, *std::move(content));
  }
  return result;
}

bool AuthParams::isScheme(std::string_view name) const { return sip::equalsIgnoringCase(scheme_, name); }

std::optional<std::string_view> AuthParams::find(std::string_view name) const {
  for (const auto& [known, value] : params_) {
    if (sip::equalsIgnoringCase(known, name)) return value;
  }
  return std::nullopt;
}

std::string quotedString(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result + '"';
}

}  // namespace sallyport::identity
