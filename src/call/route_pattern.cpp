// SPDX-License-Identifier: Apache-2.0
// Parsed into a small tree, then laid out as states from the end to the beginning (Thompson 1968): every part is
// written knowing the state that follows it.
#include "call/route_pattern.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/numbers.h"

namespace sallyport::call {
namespace {

constexpr auto kNpos = std::string_view::npos;

bool isLetterOrDigit(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
unsigned char byteOf(char c) { return static_cast<unsigned char>(c); }

using Set = std::bitset<256>;

struct Node {
  enum class Kind : std::uint8_t { bytes, sequence, choice, repeat } kind = Kind::sequence;
  Set set;                                   // bytes
  unsigned least = 0;                        // repeat
  std::optional<unsigned> most;              // repeat; nothing: without end
  std::vector<std::unique_ptr<Node>> parts;  // sequence, choice; the one of a repeat
};
using NodePtr = std::unique_ptr<Node>;

Error wrong(const char* code, std::string_view at) {
  return Error{ErrorKind::misconfigured, code, "at \"" + std::string{at.substr(0, 20)} + "\""};
}

class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : rest_(text) {}

  Result<NodePtr> parse() {
    SP_ASSIGN(auto root, choice());
    if (!rest_.empty()) return wrong("call.pattern.group", rest_);
    return root;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Result<NodePtr> choice() {
    auto all = std::make_unique<Node>();
    all->kind = Node::Kind::choice;
    do {
      SP_ASSIGN(auto part, sequence());
      all->parts.push_back(std::move(part));
    } while (take('|'));
    return all;
  }

  Result<NodePtr> sequence() {
    auto all = std::make_unique<Node>();
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      SP_ASSIGN(auto part, item());
      SP_ASSIGN(part, repeated(std::move(part)));
      all->parts.push_back(std::move(part));
    }
    return all;
  }

  Result<NodePtr> item() {
    const auto here = rest_;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case '(': {
        SP_ASSIGN(auto inside, choice());
        if (!take(')')) return wrong("call.pattern.group", here);
        return inside;
      }
      case '.': return bytes(~Set{});
      case '[': {
        SP_ASSIGN(const auto set, bracket(here));
        return bytes(set);
      }
      case '*':
      case '+':
      case '?':
      case '{':
      case '}': return wrong("call.pattern.repeat", here);
      case ']': return wrong("call.pattern.set", here);
      case '^':
      case '$': return wrong("call.pattern.anchor", here);
      case '\\': {
        SP_ASSIGN(const auto set, escaped(here));
        return bytes(set);
      }
      default: return bytes(Set{}.set(byteOf(c)));
    }
  }

  static NodePtr bytes(const Set& set) {
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::bytes;
    node->set = set;
    return node;
  }

  static Set digits() {
    Set set;
    for (char c = '0'; c <= '9'; ++c) set.set(byteOf(c));
    return set;
  }

  // After the backslash.
  Result<Set> escaped(std::string_view here) {
    if (rest_.empty()) return wrong("call.pattern.escape", here);
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'd') return digits();
    if (isLetterOrDigit(c)) return wrong("call.pattern.escape", here);
    return Set{}.set(byteOf(c));
  }

  // After the opening bracket.
  Result<Set> bracket(std::string_view here) {
    const bool negated = take('^');
    Set set;
    while (!rest_.empty() && rest_.front() != ']') {
      const char first = rest_.front();
      rest_.remove_prefix(1);
      if (first == '[') return wrong("call.pattern.set", here);
      if (first == '\\') {
        SP_ASSIGN(const auto more, escaped(here));
        set |= more;
      } else if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
        const char last = rest_[1];
        rest_.remove_prefix(2);
        if (byteOf(last) < byteOf(first) || last == '\\' || last == '[') return wrong("call.pattern.set", here);
        for (unsigned c = byteOf(first); c <= byteOf(last); ++c) set.set(c);
      } else {
        set.set(byteOf(first));
      }
    }
    if (set.none() || !take(']')) return wrong("call.pattern.set", here);
    return negated ? ~set : set;
  }

  Result<NodePtr> repeated(NodePtr item) {
    const auto here = rest_;
    auto repeat = std::make_unique<Node>();
    repeat->kind = Node::Kind::repeat;
    if (take('?')) {
      repeat->most = 1;
    } else if (take('+')) {
      repeat->least = 1;
    } else if (take('{')) {
      SP_TRY(bounds(*repeat, here));
    } else if (!take('*')) {
      return item;
    }
    if (!rest_.empty() && std::string_view{"*+?{"}.find(rest_.front()) != kNpos) {
      return wrong("call.pattern.repeat", here);  // lazy and possessive forms mean nothing here
    }
    repeat->parts.push_back(std::move(item));
    return repeat;
  }

  Status bounds(Node& repeat, std::string_view here) {
    const auto end = rest_.find('}');
    if (end == kNpos) return wrong("call.pattern.repeat", here);
    const auto inside = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    const auto comma = inside.find(',');
    const auto least = parseUnsigned(inside.substr(0, comma), 0, RoutePattern::kMaxRepeat);
    if (!least) return wrong("call.pattern.repeat", here);
    repeat.least = static_cast<unsigned>(*least);
    repeat.most = repeat.least;
    if (comma == kNpos) return success();
    repeat.most.reset();
    if (comma + 1 == inside.size()) return success();
    const auto most = parseUnsigned(inside.substr(comma + 1), *least, RoutePattern::kMaxRepeat);
    if (!most) return wrong("call.pattern.repeat", here);
    repeat.most = static_cast<unsigned>(*most);
    return success();
  }

  std::string_view rest_;
};

// Without the anchors at its two ends.
std::string_view bare(std::string_view pattern) {
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  if (pattern.ends_with('$')) {
    const auto before = pattern.substr(0, pattern.size() - 1);
    const auto last = before.find_last_not_of('\\');
    const auto backslashes = before.size() - (last == kNpos ? 0 : last + 1);
    if (backslashes % 2 == 0) return before;
  }
  return pattern;
}

}  // namespace

class PatternCompiler {
 public:
  explicit PatternCompiler(RoutePattern& out) : out_(out) {}

  Status compile(const Node& root) {
    const auto accept = add({});
    out_.start_ = emit(root, accept);
    if (too_big_) return Error{ErrorKind::misconfigured, "call.pattern.too_big", out_.text_};
    return success();
  }

 private:
  using Index = RoutePattern::Index;
  using State = RoutePattern::State;

  Index add(State state) {
    if (out_.states_.size() >= RoutePattern::kMaxStates) {
      too_big_ = true;
      return 0;
    }
    out_.states_.push_back(state);
    return static_cast<Index>(out_.states_.size() - 1);
  }
  Index split(Index one, Index other) { return add({State::Kind::split, 0, one, other}); }

  std::uint16_t setIndex(const RoutePattern::Set& set) {
    auto& sets = out_.sets_;
    const auto found = std::find(sets.begin(), sets.end(), set);
    if (found != sets.end()) return static_cast<std::uint16_t>(found - sets.begin());
    sets.push_back(set);
    return static_cast<std::uint16_t>(sets.size() - 1);
  }

  // The state where `node` begins when `next` follows it. Steps are bounded too: a repeat of what is empty makes none.
  Index emit(const Node& node, Index next) {
    if (++steps_ > 8 * RoutePattern::kMaxStates) too_big_ = true;
    if (too_big_) return 0;
    switch (node.kind) {
      case Node::Kind::bytes: return add({State::Kind::bytes, setIndex(node.set), next, 0});
      case Node::Kind::sequence:
        for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) next = emit(**part, next);
        return next;
      case Node::Kind::choice: {
        auto begin = emit(*node.parts.back(), next);
        for (auto part = node.parts.rbegin() + 1; part != node.parts.rend(); ++part)
          begin = split(emit(**part, next), begin);
        return begin;
      }
      case Node::Kind::repeat: return emitRepeat(node, next);
    }
    return next;
  }

  Index emitRepeat(const Node& node, Index next) {
    const auto& part = *node.parts.front();
    Index begin = next;
    if (node.most) {
      for (unsigned i = node.least; i < *node.most; ++i) begin = split(emit(part, begin), next);
    } else {
      begin = split(0, next);
      const auto inside = emit(part, begin);
      if (!too_big_) out_.states_[begin].next = inside;
    }
    for (unsigned i = 0; i < node.least; ++i) begin = emit(part, begin);
    return begin;
  }

  RoutePattern& out_;
  std::size_t steps_ = 0;
  bool too_big_ = false;
};

Result<RoutePattern> RoutePattern::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPattern)
    return Error{ErrorKind::misconfigured, "call.pattern.too_long", std::to_string(pattern.size()) + " characters"};
  const auto control =
      std::find_if(pattern.begin(), pattern.end(), [](char c) { return byteOf(c) < 0x20 || c == 0x7F; });
  if (control != pattern.end()) return wrong("call.pattern.character", "a control character");
  SP_ASSIGN(const auto root, PatternParser{bare(pattern)}.parse());
  RoutePattern out;
  out.text_ = pattern;
  SP_TRY(PatternCompiler{out}.compile(*root));
  return out;
}

// The set of states that the text so far may have led to.
class RoutePattern::Run {
 public:
  explicit Run(const RoutePattern& pattern) : pattern_(pattern) { enter(pattern.start_); }

  void step(char c) {
    ++turn_;
    const std::size_t count = std::exchange(count_, 0);
    std::copy_n(now_.begin(), count, before_.begin());
    accepted_ = false;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& state = pattern_.states_[before_[i]];
      if (pattern_.sets_[state.set].test(byteOf(c))) enter(state.next);
    }
  }
  bool isStuck() const { return count_ == 0; }
  bool accepted() const { return accepted_; }

 private:
  // Goes through splits without a stack of calls; each state is entered once a turn.
  void enter(Index first) {
    std::size_t waiting = 0;
    waiting_[waiting++] = first;
    while (waiting > 0) {
      const Index index = waiting_[--waiting];
      if (seen_[index] == turn_) continue;
      seen_[index] = turn_;
      const auto& state = pattern_.states_[index];
      if (state.kind == State::Kind::accept) accepted_ = true;
      if (state.kind == State::Kind::bytes) now_[count_++] = index;
      if (state.kind == State::Kind::split) {
        waiting_[waiting++] = state.other;
        waiting_[waiting++] = state.next;
      }
    }
  }

  const RoutePattern& pattern_;
  std::array<std::uint16_t, kMaxStates> seen_{};
  std::array<Index, kMaxStates> now_, before_;
  std::array<Index, 2 * kMaxStates + 1> waiting_;
  std::size_t count_ = 0;
  std::uint16_t turn_ = 1;
  bool accepted_ = false;
};

bool RoutePattern::matches(std::string_view text) const {
  if (states_.empty() || text.size() > kMaxText) return false;
  Run run{*this};
  for (const char c : text) {
    if (run.isStuck()) return false;
    run.step(c);
  }
  return run.accepted();
}

}  // namespace sallyport::call
