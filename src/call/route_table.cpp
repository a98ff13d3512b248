// SPDX-License-Identifier: Apache-2.0
#include "call/route_table.h"

#include <algorithm>
#include <array>

#include "sip/char_class.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

using config::PatternKind;
using config::UserPattern;

constexpr std::size_t kLongestFiledPrefix = 63;

struct RefusalCode {
  int status;
  const char* code;
};
// What a rule may answer: statuses that say something of the destination and ask for nothing.
constexpr RefusalCode kRefusals[] = {
    {403, "call.route.denied"},     {404, "call.route.denied.404"}, {410, "call.route.denied.410"},
    {480, "call.route.denied.480"}, {484, "call.route.denied.484"}, {486, "call.route.denied.486"},
    {488, "call.route.denied.488"}, {503, "call.route.denied.503"}, {600, "call.route.denied.600"},
    {603, "call.route.denied.603"}, {604, "call.route.denied.604"}, {607, "call.route.denied.607"},
    {608, "call.route.denied.608"}};

std::string lowered(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), sip::lower);
  return out;
}

bool isAny(const UserPattern& pattern) {
  return pattern.kind == PatternKind::any || (pattern.kind == PatternKind::prefix && pattern.text.empty());
}

Error wrong(const char* code, std::size_t index, std::string_view detail) {
  return Error{ErrorKind::misconfigured, code,
               "[[route]] number " + std::to_string(index + 1) + ": " + std::string{detail}};
}

// "+4930*", "+493012345", "+*".
Result<UserPattern> numberPattern(const std::string& text, std::size_t index) {
  UserPattern pattern;
  if (text.empty()) return pattern;
  const bool open = text.back() == '*';
  pattern.kind = open ? PatternKind::prefix : PatternKind::exact;
  pattern.text = text.substr(0, text.size() - (open ? 1 : 0));
  const auto digits = std::string_view{pattern.text}.substr(pattern.text.starts_with('+') ? 1 : 0);
  const bool written = digits.size() + 1 == pattern.text.size() && digits.size() <= 15 && (open || !digits.empty()) &&
                       std::all_of(digits.begin(), digits.end(), sip::isDigit);
  if (!written) return wrong("call.route.number", index, text);
  return pattern;
}

std::string textOf(const config::Route& rule) {
  std::string text;
  const auto say = [&text](std::string_view what, std::string_view value) {
    if (value.empty()) return;
    if (!text.empty()) text += " and ";
    text.append(what).append(value);
  };
  if (!isAny(rule.user)) say("", rule.user.toString());
  say("regex ", rule.user_regex);
  say("number ", rule.number);
  if (text.empty()) text = "*";
  return text;
}

std::string targetsOf(const config::Route& rule) {
  if (rule.refuse) return "refuse " + std::to_string(*rule.refuse);
  std::string text;
  for (const auto& to : rule.to) text += (text.empty() ? "" : ", ") + to.peer;
  return text;
}

// "alice", "ali*", "*".
UserPattern patternOf(std::string_view text) {
  if (text.empty() || text == "*") return {};
  if (text.ends_with('*')) return {PatternKind::prefix, std::string{text.substr(0, text.size() - 1)}};
  return {PatternKind::exact, std::string{text}};
}

constexpr std::string_view kPlaceholders[] = {"{user}", "{number}", "{rest}"};

// The placeholder that stands at the front, or nothing.
std::string_view placeholderAt(std::string_view text) {
  const auto* found = std::find_if(std::begin(kPlaceholders), std::end(kPlaceholders),
                                   [&](std::string_view each) { return text.starts_with(each); });
  return found == std::end(kPlaceholders) ? std::string_view{} : *found;
}

bool isRewrite(std::string_view text) {
  for (auto at = text.find_first_of("{}"); at != std::string_view::npos; at = text.find_first_of("{}")) {
    const auto placeholder = placeholderAt(text.substr(at));
    if (placeholder.empty()) return false;
    text.remove_prefix(at + placeholder.size());
  }
  return true;
}

}  // namespace

const char* refusalCode(int status) {
  const auto* found = std::find_if(std::begin(kRefusals), std::end(kRefusals),
                                   [&](const auto& known) { return known.status == status; });
  return found == std::end(kRefusals) ? nullptr : found->code;
}

int refusalStatus(std::string_view code) {
  const auto* found =
      std::find_if(std::begin(kRefusals), std::end(kRefusals), [&](const auto& known) { return known.code == code; });
  return found == std::end(kRefusals) ? 0 : found->status;
}

// --- one rule ----------------------------------------------------------------------------------------------------

Result<RouteTable::Compiled> RouteTable::compile(const config::Route& rule, std::size_t index) {
  Compiled out;
  if (!rule.user_regex.empty()) {
    auto regex = RoutePattern::compile(rule.user_regex);
    if (!regex) return wrong("call.route.regex", index, sallyport::describe(regex.error()));
    out.regex = *std::move(regex);
  }
  SP_ASSIGN(out.number, numberPattern(rule.number, index));
  auto times = RouteTimes::make(rule.time);
  if (!times) return wrong("call.route.time", index, times.error().detail);
  if (rule.to.empty() && !rule.refuse) return wrong("call.route.to", index, "leads nowhere and refuses nothing");
  if (rule.refuse && refusalCode(static_cast<int>(*rule.refuse)) == nullptr)
    return wrong("call.route.refuse", index, std::to_string(*rule.refuse));
  if (!isRewrite(rule.rewrite)) return wrong("call.route.rewrite", index, rule.rewrite);
  out.caller = patternOf(rule.caller);
  out.times = *std::move(times);
  out.rule = rule;
  out.rule.domain = lowered(rule.domain);
  out.text = std::to_string(index + 1) + ": " + textOf(rule) + " -> " + targetsOf(rule);
  return out;
}

std::optional<RouteTable::Part> RouteTable::Compiled::misfit(const RouteFacts& facts) const {
  if (!rule.from_peer.empty() && rule.from_peer != facts.from_peer) return Part::fromPeer;
  if (!rule.domain.empty() && !sip::equalsIgnoringCase(rule.domain, facts.host)) return Part::domain;
  if (!rule.user.matches(facts.user)) return Part::user;
  if (number.kind != PatternKind::any && (facts.number.empty() || !number.matches(facts.number))) return Part::number;
  if (!isAny(caller) && !caller.matches(facts.caller)) return Part::caller;
  if (!times.holdAt(facts.at)) return Part::time;
  if (regex && !regex->matches(facts.user)) return Part::regex;
  return std::nullopt;
}

std::string RouteTable::mismatch(std::size_t index, const RouteFacts& facts) const {
  const auto& compiled = rules_[index];
  const auto& rule = compiled.rule;
  const auto misfit = compiled.misfit(facts);
  if (!misfit) return {};
  const auto differ = [](std::string_view what, std::string_view is, std::string_view wanted) {
    return std::string{what} + " is '" + std::string{is} + "', not '" + std::string{wanted} + "'";
  };
  switch (*misfit) {
    case Part::fromPeer: return differ("the caller's peer", facts.from_peer, rule.from_peer);
    case Part::domain: return differ("the domain", facts.host, rule.domain);
    case Part::user: return differ("the user", facts.user, rule.user.toString());
    case Part::regex: return differ("the user", facts.user, "/" + rule.user_regex + "/");
    case Part::number: return differ("the number", facts.number.empty() ? "unknown" : facts.number, rule.number);
    case Part::caller: return differ("the caller", facts.caller, rule.caller);
    case Part::time: return "it holds only " + compiled.times.text();
  }
  return {};
}

std::optional<std::string> RouteTable::rewritten(std::size_t index, const RouteFacts& facts) const {
  const auto& compiled = rules_[index];
  std::string_view text = compiled.rule.rewrite;
  if (text.empty()) return std::nullopt;
  const auto number = facts.number.empty() ? facts.user : facts.number;
  const auto after = [](const UserPattern& pattern, std::string_view whole) {
    return whole.substr(pattern.text.size());
  };
  const auto rest = isAny(compiled.rule.user) && compiled.number.kind != PatternKind::any
                        ? after(compiled.number, facts.number)
                        : after(compiled.rule.user, facts.user);
  std::string out;
  while (!text.empty()) {
    const auto placeholder = placeholderAt(text);
    if (placeholder.empty()) {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    out += placeholder == "{user}" ? facts.user : placeholder == "{number}" ? number : rest;
    text.remove_prefix(placeholder.size());
  }
  return out;
}

// --- all of them -------------------------------------------------------------------------------------------------

Result<RouteTable> RouteTable::make(const std::vector<config::Route>& routes) {
  RouteTable table;
  table.rules_.reserve(routes.size());
  for (const auto& route : routes) {
    SP_ASSIGN(auto compiled, compile(route, table.rules_.size()));
    table.fileOf(compiled).push_back(static_cast<std::uint32_t>(table.rules_.size()));
    table.rules_.push_back(std::move(compiled));
  }
  return table;
}

RouteTable::Indexes& RouteTable::fileOf(const Compiled& compiled) {
  const auto& rule = compiled.rule;
  const auto prefix = [](Files& files, const std::string& text) -> Indexes& {
    files.lengths.set(text.size());
    return files.by_text[text];
  };
  const auto isShortPrefix = [](const UserPattern& pattern) {
    return pattern.kind == PatternKind::prefix && !pattern.text.empty() && pattern.text.size() <= kLongestFiledPrefix;
  };
  if (rule.user.kind == PatternKind::exact) return users_.by_text[rule.user.text];
  if (compiled.number.kind == PatternKind::exact) return numbers_.by_text[compiled.number.text];
  if (isShortPrefix(rule.user)) return prefix(user_prefixes_, rule.user.text);
  if (isShortPrefix(compiled.number)) return prefix(number_prefixes_, compiled.number.text);
  if (!rule.domain.empty()) return domains_.by_text[rule.domain];
  if (!rule.from_peer.empty()) return peers_.by_text[rule.from_peer];
  return rest_;
}

// The rules that could fit, in order, out of the files that could hold one.
class RouteTable::Candidates {
 public:
  Candidates(const RouteTable& table, const RouteFacts& facts) {
    add(table.users_, facts.user);
    if (!facts.number.empty()) add(table.numbers_, facts.number);
    addPrefixes(table.user_prefixes_, facts.user);
    addPrefixes(table.number_prefixes_, facts.number);
    if (!table.domains_.by_text.empty()) add(table.domains_, lowered(facts.host));
    add(table.peers_, facts.from_peer);
    add(table.rest_);
  }

  std::size_t next() {
    Reader* first = nullptr;
    for (std::size_t i = 0; i < count_; ++i) {
      auto& reader = readers_[i];
      if (reader.at != reader.end && (first == nullptr || *reader.at < *first->at)) first = &reader;
    }
    return first == nullptr ? kNone : *first->at++;
  }

 private:
  struct Reader {
    const std::uint32_t* at;
    const std::uint32_t* end;
  };

  void add(const Indexes& indexes) {
    if (!indexes.empty()) readers_[count_++] = {indexes.data(), indexes.data() + indexes.size()};
  }
  void add(const Files& files, std::string_view text) {
    if (files.by_text.empty()) return;
    const auto found = files.by_text.find(text);
    if (found != files.by_text.end()) add(found->second);
  }
  void addPrefixes(const Files& files, std::string_view text) {
    for (std::size_t length = 1; length <= std::min(text.size(), kLongestFiledPrefix); ++length) {
      if (files.lengths.test(length)) add(files, text.substr(0, length));
    }
  }

  std::array<Reader, 2 * kLongestFiledPrefix + 5> readers_;
  std::size_t count_ = 0;
};

std::size_t RouteTable::find(const RouteFacts& facts) const {
  Candidates candidates{*this, facts};
  for (auto index = candidates.next(); index != kNone; index = candidates.next()) {
    if (!rules_[index].misfit(facts)) return index;
  }
  return kNone;
}

}  // namespace sallyport::call
