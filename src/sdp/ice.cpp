// SPDX-License-Identifier: Apache-2.0
#include "sdp/ice.h"

#include <algorithm>
#include <array>

#include "core/numbers.h"
#include "sdp/ice_lines.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::size_t kLeastWords = 8, kMostWords = 40;
constexpr std::size_t kLongestFoundation = 32;
constexpr std::size_t kShortestUfrag = 4, kShortestPassword = 22, kLongestCredential = 256;
constexpr std::uint64_t kHighestComponent = 256, kHighestPriority = 0x7FFF'FFFF;
constexpr unsigned kComponents = 2;
constexpr std::string_view kEnd = "\r\n";

Error misbehaved(const char* code, std::string_view detail) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 128)}};
}

// RFC 8839 5.4: ice-char.
bool isIceText(std::string_view text, std::size_t shortest, std::size_t longest) {
  const auto is_ice_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return text.size() >= shortest && text.size() <= longest && std::all_of(text.begin(), text.end(), is_ice_char);
}

std::optional<CandidateType> typeOf(std::string_view name) {
  constexpr std::array kAll{CandidateType::host, CandidateType::serverReflexive, CandidateType::peerReflexive,
                            CandidateType::relayed};
  for (const auto type : kAll) {
    if (equalsIgnoringCase(name, toString(type))) return type;
  }
  return std::nullopt;
}

bool hasWord(std::string_view text, std::string_view wanted) {
  while (!text.empty()) {
    if (takeUntil(text, ' ') == wanted) return true;
  }
  return false;
}

// What follows the type: pairs of name and value, of which only the related address matters.
Status readExtensions(std::span<const std::string_view> pairs, IceCandidate& candidate) {
  std::optional<IpAddress> address;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i] == "raddr") {
      address = IpAddress::parse(pairs[i + 1]);
      if (address) candidate.related = Endpoint{*address, 0};
    } else if (pairs[i] == "rport") {
      const auto port = parseUnsigned(pairs[i + 1], 0, 65'535);
      if (!port) return misbehaved("sdp.ice.candidate", "rport");
      if (candidate.related) candidate.related->port = static_cast<std::uint16_t>(*port);
    }
  }
  return success();
}

}  // namespace

std::string_view toString(CandidateType type) {
  switch (type) {
    case CandidateType::host: return "host";
    case CandidateType::serverReflexive: return "srflx";
    case CandidateType::peerReflexive: return "prflx";
    case CandidateType::relayed: return "relay";
  }
  return "";
}

// RFC 8839 5.1: foundation component transport priority address port "typ" type [raddr .. rport ..] extensions
Result<CandidateLine> parseCandidate(std::string_view value) {
  const auto fields = words(value, kMostWords);
  if (!fields || fields->size() < kLeastWords || fields->size() % 2 != 0) return misbehaved("sdp.ice.candidate", value);
  const auto& f = *fields;
  const auto component = parseUnsigned(f[1], 1, kHighestComponent);
  const auto priority = parseUnsigned(f[3], 1, kHighestPriority);
  const auto port = parseUnsigned(f[5], 0, 65'535);
  const bool shaped = isIceText(f[0], 1, kLongestFoundation) && isToken(f[2]) && f[6] == "typ" && isToken(f[7]);
  if (!shaped || !component || !priority || !port) return misbehaved("sdp.ice.candidate", value);

  if (!equalsIgnoringCase(f[2], "UDP")) return CandidateLine{SkippedCandidate{"transport"}};
  if (*component > kComponents) return CandidateLine{SkippedCandidate{"component"}};
  const auto type = typeOf(f[7]);
  if (!type) return CandidateLine{SkippedCandidate{"type"}};
  const auto address = f[4].starts_with('[') ? std::nullopt : IpAddress::parse(f[4]);
  if (!address) return CandidateLine{SkippedCandidate{"name"}};  // also that of a browser which hides its address
  if (*port == 0) return misbehaved("sdp.ice.candidate", value);

  IceCandidate candidate;
  candidate.foundation = f[0];
  candidate.component = static_cast<std::uint8_t>(*component);
  candidate.priority = static_cast<std::uint32_t>(*priority);
  candidate.endpoint = {*address, static_cast<std::uint16_t>(*port)};
  candidate.type = *type;
  SP_TRY(readExtensions(std::span{f}.subspan(kLeastWords), candidate));
  return CandidateLine{std::move(candidate)};
}

std::string renderCandidate(const IceCandidate& candidate) {
  auto line = candidate.foundation;
  line.append(" ").append(std::to_string(candidate.component)).append(" UDP ");
  line.append(std::to_string(candidate.priority)).append(" ").append(candidate.endpoint.address.toString());
  line.append(" ").append(std::to_string(candidate.endpoint.port)).append(" typ ").append(toString(candidate.type));
  if (candidate.type != CandidateType::host) {
    // Required of them (5.1); the address is blanked as RFC 8839 5.1 allows.
    line.append(candidate.endpoint.address.isV4() ? " raddr 0.0.0.0 rport 9" : " raddr :: rport 9");
  }
  return line;
}

Result<IceLines> iceLinesIn(std::span<const Attribute> attributes) {
  IceLines lines;
  const auto once = [](std::optional<std::string_view>& slot, std::string_view value) {
    const bool first = !slot;
    slot = value;
    return first;
  };
  for (const auto& [name, value] : attributes) {
    if (name == "ice-ufrag") {
      if (!isIceText(value, kShortestUfrag, kLongestCredential)) return misbehaved("sdp.ice.ufrag", value);
      if (!once(lines.ufrag, value)) return misbehaved("sdp.ice.repeated", name);
    } else if (name == "ice-pwd") {
      if (!isIceText(value, kShortestPassword, kLongestCredential)) return misbehaved("sdp.ice.pwd", {});
      if (!once(lines.password, value)) return misbehaved("sdp.ice.repeated", name);
    } else if (name == "ice-lite") {
      lines.mode = IceMode::lite;
    } else if (name == "ice-options") {
      if (hasWord(value, "trickle")) lines.trickle = Trickle::yes;
    } else if (name == "end-of-candidates") {
      lines.gathering = Gathering::ended;
    } else if (name == "candidate") {
      if (lines.candidates.size() + lines.skipped.size() == kMostCandidates)
        return misbehaved("sdp.ice.too_many_candidates", {});
      SP_ASSIGN(auto line, parseCandidate(value));
      if (auto* candidate = std::get_if<IceCandidate>(&line)) {
        lines.candidates.push_back(std::move(*candidate));
      } else {
        lines.skipped.push_back(std::get<SkippedCandidate>(line));
      }
    }
  }
  return lines;
}

Result<std::optional<IceCredentials>> credentialsOf(std::optional<std::string_view> ufrag,
                                                    std::optional<std::string_view> password) {
  if (!ufrag && !password) return std::optional<IceCredentials>{};
  if (!ufrag || !password) return misbehaved("sdp.ice.incomplete", ufrag ? "no ice-pwd" : "no ice-ufrag");
  const Bytes secret = bytesOf(*password);
  return std::optional{IceCredentials{std::string{*ufrag}, Secret{secret}}};
}

// RFC 8839 5.3-5.6: ice-lite stands at the session level, credentials and options at either, the section's own first.
Result<std::optional<IceDescription>> iceOf(const Session& session, const MediaSection& section) {
  SP_ASSIGN(const auto common, iceLinesIn(session.attributes()));
  SP_ASSIGN(auto own, iceLinesIn(section.attributes));
  const bool has_own = own.ufrag || own.password;
  SP_ASSIGN(auto credentials,
            credentialsOf(has_own ? own.ufrag : common.ufrag, has_own ? own.password : common.password));
  if (!credentials) return std::optional<IceDescription>{};
  IceDescription ice;
  ice.credentials = std::move(*credentials);
  ice.mode = common.mode;
  ice.trickle = common.trickle == Trickle::yes ? Trickle::yes : own.trickle;
  ice.gathering = common.gathering == Gathering::ended ? Gathering::ended : own.gathering;
  ice.candidates = std::move(own.candidates);
  ice.skipped = std::move(own.skipped);
  return std::optional{std::move(ice)};
}

IceDescription IceDescription::clone() const {
  return {{credentials.ufrag, credentials.password.clone()}, mode, trickle, gathering, candidates, skipped};
}

std::string renderIceSessionLines(const IceDescription& ice) {
  std::string out;
  if (ice.mode == IceMode::lite) out.append("a=ice-lite").append(kEnd);
  // ice2 (RFC 8445 10): no aggressive nomination towards us.
  return out.append("a=ice-options:ice2").append(ice.trickle == Trickle::yes ? " trickle" : "").append(kEnd);
}

std::string renderIceMediaLines(const IceDescription& ice) {
  std::string out;
  const auto password = ice.credentials.password.bytes();
  out.append("a=ice-ufrag:").append(ice.credentials.ufrag).append(kEnd).append("a=ice-pwd:");
  out.append(reinterpret_cast<const char*>(password.data()), password.size()).append(kEnd);
  for (const auto& candidate : ice.candidates)
    out.append("a=candidate:").append(renderCandidate(candidate)).append(kEnd);
  if (ice.gathering == Gathering::ended) out.append("a=end-of-candidates").append(kEnd);
  return out;
}

}  // namespace sallyport::sdp
