// SPDX-License-Identifier: Apache-2.0
// redacted() looks for key material as text, not as parsed SDP: a description too broken to parse can
// still hold a key, and is the one most likely to be logged.
#include <array>

#include "sdp/session.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::string_view kBlank = "[redacted]";
constexpr std::string_view kInline = "inline:";

// Lines of which nothing after the prefix is shown.
constexpr std::array<std::string_view, 3> kSecretLines{"k=", "a=ice-pwd:", "a=key-mgmt:"};

bool endsKey(char c) { return c == '|' || c == ';' || c == ' ' || c == '\t' || c == '\r'; }

void appendRedactedLine(std::string_view line, std::string& out) {
  for (const auto prefix : kSecretLines) {
    if (!startsWithIgnoringCase(line, prefix)) continue;
    out += line.substr(0, prefix.size());
    out += kBlank;
    if (line.ends_with('\r')) out += '\r';
    return;
  }
  while (!line.empty()) {
    if (!startsWithIgnoringCase(line, kInline)) {
      out += line.front();
      line.remove_prefix(1);
      continue;
    }
    out += line.substr(0, kInline.size());
    out += kBlank;
    line.remove_prefix(kInline.size());
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && !endsKey(line.front())) line.remove_prefix(1);
  }
}

}  // namespace

std::string redacted(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool terminated = text.find('\n') != std::string_view::npos;
    appendRedactedLine(takeUntil(text, '\n'), out);
    if (terminated) out += '\n';
  }
  return out;
}

}  // namespace sallyport::sdp
