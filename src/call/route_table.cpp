// SPDX-License-Identifier: Apache-2.0
#include "call/route_table.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

#include "sip/char_class.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

using config::PatternKind;
using config::UserPattern;

constexpr std::size_t kLongestFiledPrefix = 63;
constexpr std::chrono::minutes kDay{24 * 60};

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

std::string textOf(const RouteRule& rule) {
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

std::string targetsOf(const RouteRule& rule) {
  if (rule.to.empty()) return "refuse " + std::to_string(rule.refuse);
  std::string text;
  for (const auto& to : rule.to) text += (text.empty() ? "" : ", ") + to.peer;
  return text;
}

std::string clockText(std::chrono::minutes minutes) {
  const auto two = [](long long value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return two(minutes.count() / 60) + ":" + two(minutes.count() % 60);
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

bool TimeWindow::holdsAt(WallTime at) const {
  using namespace std::chrono;
  std::tm fields{};
  const std::time_t seconds = system_clock::to_time_t(at + (offset ? *offset : minutes{0}));
  (void)(offset ? ::gmtime_r(&seconds, &fields) : ::localtime_r(&seconds, &fields));
  const auto now = minutes{fields.tm_hour * 60 + fields.tm_min};
  const auto today = static_cast<std::size_t>(fields.tm_wday);
  if (from < to) return days.test(today) && now >= from && now < to;
  const auto yesterday = (today + 6) % 7;
  return (days.test(today) && now >= from) || (days.test(yesterday) && now < to);
}

// --- one rule ----------------------------------------------------------------------------------------------------

Result<RouteTable::Compiled> RouteTable::compile(RouteRule rule, std::size_t index) {
  Compiled out;
  if (!rule.user_regex.empty()) {
    auto regex = RoutePattern::compile(rule.user_regex);
    if (!regex) return wrong("call.route.regex", index, sallyport::describe(regex.error()));
    out.regex = *std::move(regex);
  }
  SP_ASSIGN(out.number, numberPattern(rule.number, index));
  if (rule.to.empty() && refusalCode(rule.refuse) == nullptr)
    return wrong("call.route.refuse", index, std::to_string(rule.refuse));
  if (rule.time) {
    const auto& time = *rule.time;
    const bool sane = time.days.any() && time.from >= time.from.zero() && time.from < kDay &&
                      time.to >= time.to.zero() && time.to <= kDay && time.from != time.to &&
                      (!time.offset || (*time.offset > -kDay && *time.offset < kDay));
    if (!sane) return wrong("call.route.time", index, clockText(time.from) + "-" + clockText(time.to));
  }
  rule.domain = lowered(rule.domain);
  out.text = std::to_string(index + 1) + ": " + textOf(rule) + " -> " + targetsOf(rule);
  out.rule = std::move(rule);
  return out;
}

std::optional<RouteTable::Part> RouteTable::Compiled::misfit(const RouteFacts& facts) const {
  if (!rule.from_peer.empty() && rule.from_peer != facts.from_peer) return Part::fromPeer;
  if (!rule.domain.empty() && !sip::equalsIgnoringCase(rule.domain, facts.host)) return Part::domain;
  if (!rule.user.matches(facts.user)) return Part::user;
  if (number.kind != PatternKind::any && (facts.number.empty() || !number.matches(facts.number))) return Part::number;
  if (!isAny(rule.caller) && !rule.caller.matches(facts.caller)) return Part::caller;
  if (rule.time && !rule.time->holdsAt(facts.at)) return Part::time;
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
    case Part::caller: return differ("the caller", facts.caller, rule.caller.toString());
    case Part::time:
      return "it holds " + clockText(rule.time->from) + "-" + clockText(rule.time->to) + " on other days or hours";
  }
  return {};
}

// --- all of them -------------------------------------------------------------------------------------------------

Result<RouteTable> RouteTable::make(std::vector<RouteRule> rules) {
  RouteTable table;
  table.rules_.reserve(rules.size());
  for (auto& rule : rules) {
    SP_ASSIGN(auto compiled, compile(std::move(rule), table.rules_.size()));
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
