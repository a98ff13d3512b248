// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small regular expression over user parts and numbers, run as a Thompson automaton: the time to match
// is bounded by the length of the pattern times the length of the text, whatever either says.
//
// Known: literal characters, `.`, [sets] with ranges and ^, ( groups ), |, *, +, ?, {m}, {m,}, {m,n}, \ before
// any character that is no letter, \d. The whole text must match: `^` and `$` may stand at the two ends and
// mean nothing more, so that a forgotten anchor never makes a rule wider than it reads.
//
// Compiled at load, immutable, shared by every worker.

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sallyport::call {

class RoutePattern {
 public:
  static constexpr std::size_t kMaxPattern = 256;  // characters
  static constexpr std::size_t kMaxStates = 1'024;
  static constexpr unsigned kMaxRepeat = 64;    // in {m,n}
  static constexpr std::size_t kMaxText = 256;  // a longer text matches nothing

  // Errors, kind misconfigured: "call.pattern.too_long", ".too_big" (states), ".group" (parentheses), ".set",
  // ".repeat" (nothing to repeat, bad bounds, a repeat of a repeat), ".anchor", ".escape", ".character".
  static Result<RoutePattern> compile(std::string_view pattern);

  bool matches(std::string_view text) const;
  const std::string& text() const { return text_; }
  std::size_t states() const { return states_.size(); }

 private:
  friend class PatternCompiler;
  using Index = std::uint16_t;
  using Set = std::bitset<256>;
  struct State {  // a byte of `set` leads to `next`; without a set both ways are taken at once
    enum class Kind : std::uint8_t { bytes, split, accept } kind = Kind::accept;
    std::uint16_t set = 0;  // index of sets_
    Index next = 0;
    Index other = 0;  // of a split
  };
  class Run;

  std::string text_;
  std::vector<State> states_;
  std::vector<Set> sets_;
  Index start_ = 0;
};

}  // namespace sallyport::call
