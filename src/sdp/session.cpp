// SPDX-License-Identifier: Apache-2.0
#include "sdp/session.h"

#include <algorithm>

#include "core/numbers.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::size_t kLongestName = 64;      // attribute names, media kinds, protocols, formats
constexpr std::size_t kLongestAddress = 255;  // a DNS name
constexpr std::size_t kMostOriginDigits = 32;

Error malformed(const char* code, std::string detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::move(detail)};
}

Error malformedLine(const char* code, std::size_t line_number) {
  return malformed(code, "line " + std::to_string(line_number));
}

bool isShortToken(std::string_view text) { return text.size() <= kLongestName && isToken(text); }

// Numbers too wide for an integer type are legal here; only their digits are compared.
bool isOriginNumber(std::string_view text) {
  return !text.empty() && text.size() <= kMostOriginDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool isControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && u != '\t') || u == 0x7F;
}

// "RTP/SAVP", "UDP/TLS/RTP/SAVPF", "udptl"
bool isProtocol(std::string_view text) {
  if (text.empty() || text.size() > kLongestName || text.back() == '/') return false;
  while (!text.empty()) {
    if (!isToken(takeUntil(text, '/'))) return false;
  }
  return true;
}

// One spelling per number, so that equal payload types are equal text.
bool isPayloadType(std::string_view text) {
  const bool padded = text.size() > 1 && text.front() == '0';
  return !padded && parseUnsigned(text, 0, 127).has_value();
}

bool carriesRtp(std::string_view protocol) {
  while (!protocol.empty()) {
    if (equalsIgnoringCase(takeUntil(protocol, '/'), "rtp")) return true;
  }
  return false;
}

std::optional<std::string_view> firstNamed(std::span<const Attribute> attributes, std::string_view name) {
  for (const auto& attribute : attributes) {
    if (attribute.name == name) return attribute.value;
  }
  return std::nullopt;
}

}  // namespace

// One pass over the lines; the three first ones are fixed, the rest are told apart by section.
class SessionParser {
 public:
  SessionParser(std::string_view text, const ParseLimits& limits) : limits_(limits) {
    session_.text_ = Secret{bytesOf(text)};
    rest_ = {reinterpret_cast<const char*>(session_.text_.bytes().data()), text.size()};
  }

  Result<Session> run() {
    SP_TRY(readPreamble());
    while (!rest_.empty()) {
      SP_ASSIGN(const auto line, nextLine());
      if (line.empty()) {
        SP_TRY(expectNothingMore());
        break;
      }
      SP_TRY(session_.media_.empty() ? onSessionLine(line) : onMediaLine(line));
    }
    if (!has_time_) return malformed("sdp.line.missing", "t=");
    return std::move(session_);
  }

 private:
  Result<std::string_view> nextLine() {
    ++line_number_;
    if (line_number_ > limits_.max_lines) return malformed("sdp.too_many_lines");
    auto line = takeUntil(rest_, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > limits_.max_line_bytes) return malformedLine("sdp.line.too_long", line_number_);
    if (line.find('\0') != std::string_view::npos) return malformedLine("sdp.line.nul", line_number_);
    if (std::any_of(line.begin(), line.end(), isControl)) return malformedLine("sdp.line.control", line_number_);
    const bool typed = line.size() >= 2 && line[1] == '=' && line[0] >= 'a' && line[0] <= 'z';
    if (!line.empty() && !typed) return malformedLine("sdp.line.malformed", line_number_);
    return line;
  }

  Status expectNothingMore() {
    while (!rest_.empty()) {
      SP_ASSIGN(const auto line, nextLine());
      if (!line.empty()) return malformedLine("sdp.line.after_blank", line_number_);
    }
    return success();
  }

  // RFC 8866 5.1 to 5.3: v=0, o=, s=, in this order.
  Status readPreamble() {
    SP_ASSIGN(const auto version, nextLine());
    if (version != "v=0") return malformed("sdp.version", "the first line is not v=0");
    SP_ASSIGN(const auto origin, nextLine());
    if (!origin.starts_with("o=")) return malformed("sdp.line.missing", "o=");
    SP_TRY(readOrigin(origin.substr(2)));
    SP_ASSIGN(const auto name, nextLine());
    if (!name.starts_with("s=")) return malformed("sdp.line.missing", "s=");
    return success();
  }

  Status readOrigin(std::string_view value) {
    const auto fields = words(value, 6);
    if (!fields || fields->size() != 6) return malformed("sdp.origin.malformed");
    const auto& f = *fields;
    const bool numbers = isOriginNumber(f[1]) && isOriginNumber(f[2]);
    const bool internet = equalsIgnoringCase(f[3], "IN") && isAddressType(f[4]) && f[5].size() <= kLongestAddress;
    if (!numbers || !internet) return malformed("sdp.origin.malformed");
    session_.id_ = f[1];
    session_.version_ = f[2];
    return success();
  }

  static bool isAddressType(std::string_view text) {
    return equalsIgnoringCase(text, "IP4") || equalsIgnoringCase(text, "IP6");
  }

  Status onSessionLine(std::string_view line) {
    const auto value = line.substr(2);
    switch (line[0]) {
      case 'm': return onMedia(value);
      case 'c': return onConnection(value, session_.connection_);
      case 'a': return onAttribute(value, session_.attributes_);
      case 't': has_time_ = true; return success();
      case 'i':
      case 'u':
      case 'e':
      case 'p':
      case 'b':
      case 'r':
      case 'z':
      case 'k': return success();
      case 'v':
      case 'o':
      case 's': return malformedLine("sdp.line.repeated", line_number_);
      default: return malformedLine("sdp.line.unknown_type", line_number_);
    }
  }

  Status onMediaLine(std::string_view line) {
    const auto value = line.substr(2);
    auto& section = session_.media_.back();
    switch (line[0]) {
      case 'm': return onMedia(value);
      case 'c': return onConnection(value, section.connection);
      case 'a': return onAttribute(value, section.attributes);
      case 'i':
      case 'b':
      case 'k': return success();
      default: return malformedLine("sdp.line.misplaced", line_number_);
    }
  }

  Status onConnection(std::string_view value, std::optional<Connection>& connection) {
    const auto fields = words(value, 3);
    const bool whole = fields && fields->size() == 3 && equalsIgnoringCase((*fields)[0], "IN") &&
                       isAddressType((*fields)[1]) && (*fields)[2].size() <= kLongestAddress;
    if (!whole) return malformedLine("sdp.connection.malformed", line_number_);
    if (connection) return malformedLine("sdp.connection.repeated", line_number_);
    connection = Connection{(*fields)[1], (*fields)[2]};
    return success();
  }

  Status onAttribute(std::string_view value, std::vector<Attribute>& attributes) {
    if (attributes.size() == limits_.max_attributes) return malformedLine("sdp.too_many_attributes", line_number_);
    const auto name = takeUntil(value, ':');
    if (!isShortToken(name)) return malformedLine("sdp.attribute.name", line_number_);
    attributes.push_back({name, value});
    return success();
  }

  // RFC 8866 5.14: m=<media> <port>[/<count>] <proto> <fmt> ...
  Status onMedia(std::string_view value) {
    if (session_.media_.size() == limits_.max_media) return malformedLine("sdp.too_many_media", line_number_);
    auto fields = words(value, 3 + limits_.max_formats);
    if (!fields) return malformedLine("sdp.too_many_formats", line_number_);
    if (fields->size() < 4) return malformedLine("sdp.media.malformed", line_number_);
    MediaSection section;
    section.kind = (*fields)[0];
    section.protocol = (*fields)[2];
    if (!isShortToken(section.kind) || !isProtocol(section.protocol)) {
      return malformedLine("sdp.media.malformed", line_number_);
    }
    SP_TRY(readPort((*fields)[1], section));
    section.formats.assign(fields->begin() + 3, fields->end());
    SP_TRY(checkFormats(section));
    session_.media_.push_back(std::move(section));
    return success();
  }

  Status readPort(std::string_view text, MediaSection& section) const {
    const bool counted = text.find('/') != std::string_view::npos;
    const auto port = parseUnsigned(takeUntil(text, '/'), 0, 65'535);
    const auto count = counted ? parseUnsigned(text, 1, 32'767) : 1;
    if (!port || !count) return malformedLine("sdp.media.port", line_number_);
    section.port = static_cast<std::uint16_t>(*port);
    section.port_count = static_cast<std::uint16_t>(*count);
    return success();
  }

  Status checkFormats(const MediaSection& section) const {
    const bool rtp = carriesRtp(section.protocol);
    for (std::size_t i = 0; i < section.formats.size(); ++i) {
      const auto format = section.formats[i];
      if (rtp ? !isPayloadType(format) : !isShortToken(format)) {
        return malformedLine("sdp.format.range", line_number_);
      }
      const auto earlier = section.formats.begin() + static_cast<std::ptrdiff_t>(i);
      if (rtp && std::find(section.formats.begin(), earlier, format) != earlier) {
        return malformedLine("sdp.format.repeated", line_number_);
      }
    }
    return success();
  }

  const ParseLimits& limits_;
  Session session_;
  std::string_view rest_;
  std::size_t line_number_ = 0;
  bool has_time_ = false;
};

std::optional<std::string_view> MediaSection::attribute(std::string_view name) const {
  return firstNamed(attributes, name);
}

std::optional<std::string_view> Session::attribute(std::string_view name) const {
  return firstNamed(attributes_, name);
}

std::optional<Connection> Session::connectionOf(const MediaSection& section) const {
  return section.connection ? section.connection : connection_;
}

Result<Session> Session::parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes) return malformed("sdp.too_long", std::to_string(text.size()) + " bytes");
  if (text.empty()) return malformed("sdp.empty");
  return SessionParser{text, limits}.run();
}

}  // namespace sallyport::sdp
