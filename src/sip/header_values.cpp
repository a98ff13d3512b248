// SPDX-License-Identifier: Apache-2.0
#include "sip/header_values.h"

#include <array>

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"

namespace sallyport::sip {
namespace {

constexpr auto kNpos = std::string_view::npos;

// Past the closing quote of the quoted string that opens at `open`; npos when it never closes.
std::size_t pastQuoted(std::string_view text, std::size_t open) {
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return kNpos;
}

struct Param {
  std::string_view name;
  std::string_view value;  // quotes removed
  bool has_value = false;
  bool quoted = false;
};

enum class Step { param, end, malformed };

// Cuts the next parameter off `rest`, which stands just after a ';'. Judges quotes only.
Step nextParam(std::string_view& rest, Param& out) {
  rest = trimLeft(rest);
  std::size_t i = 0;
  while (i < rest.size() && rest[i] != '=' && rest[i] != ';') ++i;
  out.name = trimRight(rest.substr(0, i));
  out.value = {};
  out.has_value = i < rest.size() && rest[i] == '=';
  out.quoted = false;
  if (out.has_value) {
    rest = trimLeft(rest.substr(i + 1));
    if (!rest.empty() && rest.front() == '"') {
      const std::size_t past = pastQuoted(rest, 0);
      if (past == kNpos) return Step::malformed;
      out.value = rest.substr(1, past - 2);
      out.quoted = true;
      rest = trimLeft(rest.substr(past));
      if (!rest.empty() && rest.front() != ';') return Step::malformed;
    } else {
      const std::size_t end = rest.find(';');
      out.value = trimRight(rest.substr(0, end));
      rest = end == kNpos ? std::string_view{} : rest.substr(end);
    }
  } else {
    rest = rest.substr(i);
  }
  if (rest.empty()) return Step::end;
  rest.remove_prefix(1);
  return Step::param;
}

constexpr unsigned kLastToken = 1U << 1;  // of those below, the bit of the last that must be a token

// The parameters that name a transaction, a dialog or a return path: twice is two answers.
bool isIdentifying(std::string_view name, unsigned& bit) {
  constexpr std::array<std::string_view, 4> kNames = {"tag", "branch", "received", "rport"};
  for (unsigned i = 0; i < kNames.size(); ++i) {
    if (name.size() == kNames[i].size() && equalsIgnoringCase(name, kNames[i])) {
      bit = 1U << i;
      return true;
    }
  }
  return false;
}

// *( SEMI generic-param ) with `text` starting after the first ';'.
bool areWellFormedParams(std::string_view text) {
  unsigned seen = 0;
  for (Step step = Step::param; step == Step::param;) {
    Param param;
    step = nextParam(text, param);
    if (step == Step::malformed || !isToken(param.name)) return false;
    const bool bare = param.has_value && !param.quoted;
    if (bare && (param.value.empty() || !allIn(param.value, kParamValueChar))) return false;
    unsigned bit = 0;
    if (!isIdentifying(param.name, bit)) continue;
    if ((seen & bit) != 0) return false;
    // tag = 1*token, branch = token: one that says nothing would be answered with a second one.
    if (bit <= kLastToken && (!param.has_value || param.quoted)) return false;
    seen |= bit;
  }
  return true;
}

bool isAbsoluteUri(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == kNpos || colon == 0 || colon + 1 == uri.size() || !isAlpha(uri.front())) return false;
  for (const char c : uri.substr(0, colon)) {
    if (!isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return allIn(uri.substr(colon + 1), kUriChar);
}

// *(token LWS). Bytes past ASCII are allowed too: deployed peers write UTF-8 names without quotes,
// and no delimiter can hide in them.
bool isUnquotedDisplayName(std::string_view text) {
  for (const char c : text) {
    if (!isIn(c, kTokenChar) && !isBlank(c) && static_cast<unsigned char>(c) < 0x80) return false;
  }
  return true;
}

Result<NameAddr> finishNameAddr(NameAddr out, std::string_view after_uri) {
  if (!isAbsoluteUri(out.uri)) return misbehaved("sip.name_addr.uri", excerpt(out.uri));
  after_uri = trimLeft(after_uri);
  if (!after_uri.empty()) {
    if (after_uri.front() != ';') return misbehaved("sip.name_addr.params", excerpt(after_uri));
    after_uri.remove_prefix(1);
    if (!areWellFormedParams(after_uri)) return misbehaved("sip.name_addr.params", excerpt(after_uri));
    out.params = Params{after_uri};
  }
  return out;
}

// [LWS] token; "" when there is none.
std::string_view takeToken(std::string_view& rest) {
  rest = trimLeft(rest);
  std::size_t i = 0;
  while (i < rest.size() && isIn(rest[i], kTokenChar)) ++i;
  const std::string_view token = rest.substr(0, i);
  rest.remove_prefix(i);
  return token;
}

bool takeSlash(std::string_view& rest) {
  rest = trimLeft(rest);
  if (rest.empty() || rest.front() != '/') return false;
  rest.remove_prefix(1);
  return true;
}

// host [ COLON port ], white space allowed around the colon.
bool isSentBy(std::string_view text) {
  if (text.empty()) return false;
  const std::size_t from = text.front() == '[' ? text.find(']') : 0;
  if (from == kNpos) return false;
  const std::size_t colon = text.find(':', from);
  if (!isHost(trimRight(text.substr(0, colon)))) return false;
  return colon == kNpos || parseUnsigned(trimLeft(text.substr(colon + 1)), 1, 65'535).has_value();
}

}  // namespace

std::optional<std::string_view> Params::find(std::string_view name) const {
  std::string_view rest = text_;
  for (Step step = Step::param; step == Step::param && !text_.empty();) {
    Param param;
    step = nextParam(rest, param);
    if (step == Step::malformed) return std::nullopt;
    if (equalsIgnoringCase(param.name, name)) return param.value;
  }
  return std::nullopt;
}

std::string_view NameAddr::tag() const { return params.find("tag").value_or(std::string_view{}); }

Result<NameAddr> NameAddr::parse(std::string_view value) {
  value = trim(value);
  if (value.empty()) return misbehaved("sip.name_addr.empty");
  NameAddr out;
  if (value == "*") {
    out.uri = value;
    return out;
  }
  std::size_t open = 0;
  if (value.front() == '"') {
    const std::size_t past = pastQuoted(value, 0);
    if (past == kNpos) return misbehaved("sip.name_addr.quote", excerpt(value));
    out.display_name = value.substr(1, past - 2);
    open = value.size() - trimLeft(value.substr(past)).size();
    if (open == value.size() || value[open] != '<') return misbehaved("sip.name_addr.brackets", excerpt(value));
  } else {
    open = value.find_first_of("<;\"");
    if (open != kNpos && value[open] == '"') return misbehaved("sip.name_addr.quote", excerpt(value));
    if (open == kNpos || value[open] == ';') {
      // addr-spec: RFC 3261 20.10 demands brackets around a URI that holds a comma, '?' or ';'.
      out.uri = trimRight(value.substr(0, open));
      if (out.uri.find_first_of(",?") != kNpos) return misbehaved("sip.name_addr.brackets", excerpt(value));
      return finishNameAddr(out, open == kNpos ? std::string_view{} : value.substr(open));
    }
    out.display_name = trimRight(value.substr(0, open));
    if (!isUnquotedDisplayName(out.display_name)) return misbehaved("sip.name_addr.display_name", excerpt(value));
  }
  const std::size_t close = value.find('>', open);
  if (close == kNpos) return misbehaved("sip.name_addr.brackets", excerpt(value));
  out.uri = value.substr(open + 1, close - open - 1);
  return finishNameAddr(out, value.substr(close + 1));
}

std::string_view Via::branch() const { return params.find("branch").value_or(std::string_view{}); }

Result<Via> Via::parse(std::string_view value) {
  std::string_view rest = trim(value);
  const std::string_view protocol = takeToken(rest);
  const bool slash = takeSlash(rest);
  const std::string_view version = takeToken(rest);
  Via out;
  if (slash && takeSlash(rest)) out.transport = takeToken(rest);
  const bool known = equalsIgnoringCase(protocol, "SIP") && version == "2.0";
  if (!known || out.transport.empty() || rest.empty() || !isBlank(rest.front())) {
    return misbehaved("sip.via.protocol", excerpt(value));
  }
  const std::size_t semicolon = rest.find(';');
  out.sent_by = trim(rest.substr(0, semicolon));
  if (!isSentBy(out.sent_by)) return misbehaved("sip.via.sent_by", excerpt(value));
  if (semicolon != kNpos) {
    out.params = Params{rest.substr(semicolon + 1)};
    if (!areWellFormedParams(out.params.text())) return misbehaved("sip.via.params", excerpt(value));
  }
  return out;
}

std::optional<std::string_view> ListCursor::next() {
  if (done_) return std::nullopt;
  bool bracketed = false;
  const bool single = rest_.find(',') == kNpos;
  for (std::size_t i = 0; i < rest_.size() && !single; ++i) {
    const char c = rest_[i];
    if (c == '"' && !bracketed) {
      const std::size_t past = pastQuoted(rest_, i);
      if (past == kNpos) break;
      i = past - 1;
    } else if (c == '<') {
      bracketed = true;
    } else if (c == '>') {
      bracketed = false;
    } else if (c == ',' && !bracketed) {
      const std::string_view item = trim(rest_.substr(0, i));
      rest_.remove_prefix(i + 1);
      return item;
    }
  }
  done_ = true;
  return trim(rest_);
}

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool isToken(std::string_view text) { return !text.empty() && allIn(text, kTokenChar); }

}  // namespace sallyport::sip
