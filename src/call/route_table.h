// SPDX-License-Identifier: Apache-2.0
#pragma once
// The routes of a configuration, and which of them fits a call: the first in order. Every rule is filed under the
// most telling thing it asks for (an exact user, a number prefix, a domain, ...), so that a look-up reads only the
// rules that could fit. Knows nothing of peers but their names.
//
// Compiled at load, immutable, shared by every worker.

#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "call/route_pattern.h"
#include "call/route_time.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/result.h"

namespace sallyport::call {

// Everything a rule may ask about; views live as long as the look-up.
struct RouteFacts {
  std::string_view from_peer;
  std::string_view user;    // unescaped user part of the Request-URI
  std::string_view number;  // in E.164; empty: not known
  std::string_view host;
  std::string_view caller;  // user part of the caller's identity, in E.164 when known
  WallTime at;
};

class RouteTable {
 public:
  RouteTable() = default;
  // Errors, kind misconfigured: "call.route.regex" (with the pattern's own code in the detail), "call.route.number"
  // (not + and digits with at most a * at the end), "call.route.time", "call.route.refuse" (no status for a refusal),
  // "call.route.rewrite" (a brace that is none of {user}, {number}, {rest}), "call.route.to" (neither that nor refuse;
  // or nobody of that name, as the policy is compiled).
  static Result<RouteTable> make(const std::vector<config::Route>& routes);

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t find(const RouteFacts& facts) const;  // the first rule that fits, or kNone
  // Why the rule does not fit, in words; empty when it fits.
  std::string mismatch(std::size_t rule, const RouteFacts& facts) const;

  std::size_t size() const { return rules_.size(); }
  const config::Route& rule(std::size_t index) const { return rules_[index].rule; }
  // The called user as the rule sends it onwards: {user} is the user that was called, {number} its number in E.164 (the
  // user where there is none), {rest} what follows the prefix that fitted. Without a rewrite nothing.
  std::optional<std::string> rewritten(std::size_t index, const RouteFacts& facts) const;
  const std::string& describe(std::size_t index) const { return rules_[index].text; }  // "3: +49* -> core, carrier"

 private:
  enum class Part : std::uint8_t { fromPeer, domain, user, regex, number, caller, time };
  struct Compiled {
    config::Route rule;
    std::optional<RoutePattern> regex;
    config::UserPattern number;
    config::UserPattern caller;
    RouteTimes times;
    std::string text;  // as describe() says it
    std::optional<Part> misfit(const RouteFacts& facts) const;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Indexes = std::vector<std::uint32_t>;  // of rules, rising
  // Rules that ask for the same thing; where that is a prefix, which lengths there are.
  struct Files {
    std::unordered_map<std::string, Indexes, TextHash, std::equal_to<>> by_text;
    std::bitset<64> lengths;
  };
  class Candidates;

  static Result<Compiled> compile(const config::Route& rule, std::size_t index);
  Indexes& fileOf(const Compiled& compiled);

  std::vector<Compiled> rules_;
  Files users_, user_prefixes_, numbers_, number_prefixes_, domains_, peers_;
  Indexes rest_;
};

// The code of a refusal by rule: "call.route.denied" is 403, others name their status ("call.route.denied.404").
// Null when a rule may not refuse with it.
const char* refusalCode(int status);
int refusalStatus(std::string_view code);  // 0: no such code

}  // namespace sallyport::call
