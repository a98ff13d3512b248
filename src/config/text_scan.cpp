// SPDX-License-Identifier: Apache-2.0
#include "config/text_scan.h"

namespace sallyport::config {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

  bool scan() {
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') {
        endLine();
      } else if (!judge() || !advance()) {
        return false;
      }
    }
    return true;
  }

 private:
  // What a byte belongs to; strings by their delimiter: "basic", 'literal' (TOML 1.0 "String").
  enum class State { bare, comment, basic, literal };

  unsigned column() const { return static_cast<unsigned>(at_ - line_start_) + 1; }

  bool refuse(const char* code, std::string message, std::string suggestion) {
    problems_.error({line_, column()}, code, std::move(message), std::move(suggestion));
    return false;
  }

  void endLine() {
    state_ = State::bare;
    ++at_;
    ++line_;
    line_start_ = at_;
  }

  bool judge() {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    const bool line_end = byte == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
    if (((byte < 0x20 && byte != '\t') || byte == 0x7f) && !line_end) {
      return refuse("config.file.syntax", "there is a control byte in this line",
                    "inside a string write \\u and its number");
    }
    if (byte >= 0x80 && state_ == State::bare) {
      return refuse("config.file.syntax", "only ASCII may stand outside of strings and comments",
                    "put the text into quotes");
    }
    if (column() <= kLongestLine) return true;
    return refuse("config.file.line_too_long", "the line is longer than " + std::to_string(kLongestLine) + " bytes",
                  "an array may be written over several lines");
  }

  bool advance() {
    const char c = text_[at_];
    switch (state_) {
      case State::bare:
        if (c == '#') state_ = State::comment;
        if ((c == '"' || c == '\'') && !openString(c)) return false;
        break;
      case State::comment: break;
      case State::basic:
        if (c == '\\') return skipEscape();
        if (c == '"') state_ = State::bare;
        break;
      case State::literal:
        if (c == '\'') state_ = State::bare;
        break;
    }
    ++at_;
    return true;
  }

  bool openString(char quote) {
    constexpr std::string_view kMayPrecede = " \t\n=,[{.";
    if (at_ > 0 && kMayPrecede.find(text_[at_ - 1]) == std::string_view::npos) {
      return refuse("config.file.syntax", "a string may not begin here", "a quote or a comma may be missing before it");
    }
    if (text_.substr(at_, 3) == std::string(3, quote)) {
      return refuse("config.file.syntax", "a string over several lines has no use here", "write it in one line");
    }
    state_ = quote == '"' ? State::basic : State::literal;
    return true;
  }

  // An escaped quote delimits nothing; what may be escaped is ASCII.
  bool skipEscape() {
    ++at_;
    if (at_ == text_.size() || text_[at_] == '\n') return true;
    if (static_cast<unsigned char>(text_[at_]) >= 0x80) {
      return refuse("config.file.syntax", "this cannot be escaped", "write a backslash as \\\\");
    }
    if (text_[at_] == '"' || text_[at_] == '\\') ++at_;
    return true;
  }

  std::string_view text_;
  Problems& problems_;
  State state_ = State::bare;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  unsigned line_ = 1;
};

}  // namespace

bool scanText(std::string_view text, Problems& problems) {
  if (text.size() > kLargestFile) {
    problems.error({}, "config.file.too_large", "the file is larger than " + std::to_string(kLargestFile) + " bytes");
    return false;
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Scanner{text, problems}.scan();
}

}  // namespace sallyport::config
