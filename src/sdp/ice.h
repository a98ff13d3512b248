// SPDX-License-Identifier: Apache-2.0
#pragma once
// ICE in SDP (RFC 8839 5): how an agent is authenticated and where it may be reached. Trickle ICE adds to it later
// (trickle.h). Pure functions over values; what an address is worth is not judged here.
//
// A candidate is usable, or skipped with a reason (TCP, a name instead of an address, a type or component we do not
// speak), or an error that fails the whole description.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "core/secret.h"
#include "sdp/session.h"

namespace sallyport::sdp {

inline constexpr std::size_t kMostCandidates = 64;  // of one section

enum class CandidateType : std::uint8_t { host, serverReflexive, peerReflexive, relayed };
std::string_view toString(CandidateType type);  // "srflx"

// Over UDP.
struct IceCandidate {
  std::string foundation;      // 1-32 of ice-char
  std::uint8_t component = 1;  // 1: RTP, or both when muxed; 2: RTCP
  std::uint32_t priority = 0;  // 1 to 2^31-1
  Endpoint endpoint;
  CandidateType type = CandidateType::host;
  std::optional<Endpoint> related;  // the base, for an operator's eyes only

  friend bool operator==(const IceCandidate&, const IceCandidate&) = default;
};

struct SkippedCandidate {
  const char* reason = "";  // static text for the operator: "transport", "name", "type", "component"
};

using CandidateLine = std::variant<IceCandidate, SkippedCandidate>;

// `value` is what follows "a=candidate:". Error: "sdp.ice.candidate" (peerMisbehaved).
Result<CandidateLine> parseCandidate(std::string_view value);
std::string renderCandidate(const IceCandidate& candidate);  // without raddr: what is behind a NAT is nobody's business

struct IceCredentials {
  std::string ufrag;  // 4-256 of ice-char
  Secret password;    // 22-256 of ice-char
};

enum class IceMode : std::uint8_t { full, lite };
enum class Trickle : std::uint8_t { no, yes };
enum class Gathering : std::uint8_t { goesOn, ended };  // a=end-of-candidates (RFC 8840 8.2)

struct IceDescription {
  IceCredentials credentials;
  IceMode mode = IceMode::full;
  Trickle trickle = Trickle::no;  // of ice-options
  Gathering gathering = Gathering::goesOn;
  std::vector<IceCandidate> candidates;  // in the description's order
  std::vector<SkippedCandidate> skipped;

  IceDescription clone() const;  // the password included, so it is said aloud
};

// ICE of one section, with what stands at the session level for it; nothing where it has no ice-ufrag and no ice-pwd.
// Errors (peerMisbehaved): "sdp.ice.ufrag", "sdp.ice.pwd", "sdp.ice.incomplete" (one without the other),
// "sdp.ice.repeated", "sdp.ice.candidate", "sdp.ice.too_many_candidates".
Result<std::optional<IceDescription>> iceOf(const Session& session, const MediaSection& section);

// Lines of ours, each with its CRLF. They hold the password: log them through redacted() only.
std::string renderIceSessionLines(const IceDescription& ice);  // ice-lite, ice-options
std::string renderIceMediaLines(const IceDescription& ice);    // ice-ufrag, ice-pwd, candidates, end-of-candidates

}  // namespace sallyport::sdp
