// SPDX-License-Identifier: Apache-2.0
#include "call/dtmf_info.h"

#include <algorithm>
#include <optional>

#include "core/numbers.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

constexpr std::string_view kKeys = "0123456789*#ABCD";  // in the order of RFC 4733 3.2
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::uint64_t kLongestDuration = 60'000;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Error malformed(std::string_view what) {
  return {ErrorKind::peerMisbehaved, "call.dtmf.malformed", std::string{what.substr(0, 40)}};
}

// One key, or its number in the standard as some phones write it: "10" is the star.
std::optional<std::uint8_t> codeOf(std::string_view text) {
  if (text.size() == 1) {
    const char key = text[0] >= 'a' && text[0] <= 'd' ? static_cast<char>(text[0] - 'a' + 'A') : text[0];
    const auto at = kKeys.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    return static_cast<std::uint8_t>(at);
  }
  const auto number = parseUnsigned(text, 10, kKeys.size() - 1);
  if (!number || text.size() != 2) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

Result<media::TelephoneEvent> readRelay(std::string_view body) {
  std::optional<std::uint8_t> code;
  media::TelephoneEvent event;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    const auto line = trimmed(body.substr(0, end));
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.empty()) continue;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return malformed(line);
    const auto name = trimmed(line.substr(0, equals)), value = trimmed(line.substr(equals + 1));
    if (sip::equalsIgnoringCase(name, "Signal")) {
      if (code) return malformed(line);
      code = codeOf(value);
      if (!code) return malformed(line);
    } else if (sip::equalsIgnoringCase(name, "Duration")) {
      const auto duration = parseUnsigned(value, 0, kLongestDuration);
      if (!duration) return malformed(line);
      event.duration = std::chrono::milliseconds{*duration};
    }
  }
  if (!code) return malformed("no signal");
  event.code = *code;
  return event;
}

}  // namespace

Result<media::TelephoneEvent> readKey(std::string_view content_type, std::string_view body) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  if (sip::equalsIgnoringCase(type, kDtmfRelay)) return readRelay(body);
  if (!sip::equalsIgnoringCase(type, "application/dtmf")) {
    return Error{ErrorKind::peerDenied, "call.info.type", std::string{type.substr(0, 80)}};
  }
  const auto code = codeOf(trimmed(body));
  if (!code) return malformed(body);
  media::TelephoneEvent event;
  event.code = *code;
  return event;
}

std::string writeKey(const media::TelephoneEvent& event) {
  return std::string{"Signal="} + kKeys[event.code % kKeys.size()] +
         "\r\nDuration=" + std::to_string(event.duration.count()) + "\r\n";
}

}  // namespace sallyport::call
