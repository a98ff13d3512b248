// SPDX-License-Identifier: Apache-2.0
#pragma once
// The record of one call and the evidence of what protected it: who proved to be whom and how, what
// was encrypted with what, which ports were open when, how it sounded, who decided what, why it ended.
// A plain value: built by call, kept by store, shown by `sallyport evidence`. No key material.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace sallyport::telemetry {

// A pair of media ports is two pinholes (RTP, RTCP), or one when RFC 5761 muxes them.
struct Pinhole {
  std::string address;
  std::uint16_t port = 0;
  WallTime opened{};
  std::optional<WallTime> closed;
  friend bool operator==(const Pinhole&, const Pinhole&) = default;
};

struct DropCount {
  std::string reason;
  std::uint64_t packets = 0;
  friend bool operator==(const DropCount&, const DropCount&) = default;
};

// What arrived from the leg and what was sent to it.
struct LegMedia {
  std::uint64_t packets_in = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t bytes_out = 0;
  std::vector<DropCount> drops;
  std::optional<double> loss_percent;  // of what the leg sent; unset before the first packet
  std::optional<double> jitter_ms;     // RFC 3550 6.4.1
  std::optional<double> mos;           // ITU-T G.107 estimate, 1 to 4.5
  std::string transcoded_to;     // "PCMA": the codec that what it sent was made into; empty: it went on as it came
  std::string repacketised;      // "20 -> 30 ms": the codec stayed and the packets changed; empty: they did not
  std::uint64_t transcoded = 0;  // packets made of what it sent, either way
  std::uint64_t concealed = 0;   // packets of it that never came, or too late, and were made up for
  std::string latched_source;    // where authentic packets came from; empty: none came
  std::string finding;           // e.g. "one-way: nothing arrived from this leg"; empty: nothing to say
  friend bool operator==(const LegMedia&, const LegMedia&) = default;
};

struct LegRecord {
  std::string peer;               // the configured peer, or "device"
  std::string identity;           // the principal: a device "alice@example.org", a peer "dns:core.example"
  std::string proven_by;          // "certificate", "certificate and digest", "network", ...
  std::vector<std::string> sans;  // as the certificate says, "dns:..", "uri:..", "ip:.."
  bool unprotected = false;       // plain TCP and RTP on this leg: its peer is configured so
  std::string fingerprint;        // SHA-256 of the leaf, upper-case hex with colons
  std::string issuer;
  std::string serial;
  std::string transport;    // of signalling: "tls", "wss", "tcp"; empty: not connected
  std::string tls_version;  // "TLSv1.3"; empty: not connected, or unprotected
  std::string tls_suite;
  std::string local_endpoint;    // ours, of the signalling connection
  std::string remote_endpoint;   // theirs
  std::string sip_call_id;       // the leg's own Call-ID
  std::string srtp_suite;        // empty: media was never agreed, or unprotected
  std::string keying;            // "SDES", "DTLS-SRTP", "ZRTP"
  std::string dtls_fingerprint;  // that SDP announced: "sha-256 4A:AD:..."; empty: without DTLS
  bool dtls_verified = false;    // whoever has the keys has shown that certificate
  std::string found_by;          // who said where its media is: "ICE" or "SDP"; empty: media was never agreed
  std::string path;              // where ICE has led to last; empty: nowhere, or without ICE
  std::string codec;
  std::vector<Pinhole> pinholes;
  LegMedia media;
  friend bool operator==(const LegRecord&, const LegRecord&) = default;
};

struct GuardDecision {
  std::string rule;
  std::string action;  // admit, challenge, refuse, drop; "would refuse" in shadow
  std::string reason;
  friend bool operator==(const GuardDecision&, const GuardDecision&) = default;
};

// One place that was asked to take the call.
struct CallAttempt {
  std::string target;              // as the route calls it
  unsigned status = 0;             // its final status, or what its failure stands for; 0: it was told to stop
  std::string code;                // why it came to nothing; empty: it answered
  std::uint64_t milliseconds = 0;  // from the INVITE on
  friend bool operator==(const CallAttempt&, const CallAttempt&) = default;
};

struct EndCause {
  std::string code;  // stable: "call.ended.caller_hung_up", "media.timeout", "process.crashed"
  std::string text;
  std::string by;           // "caller", "callee", "edge", "operator"
  unsigned sip_status = 0;  // the final status the caller saw; 0: none was sent
  friend bool operator==(const EndCause&, const EndCause&) = default;
};

struct CallRecord {
  std::string call_id;  // ours, unique over restarts
  unsigned worker = 0;
  WallTime started{};
  std::optional<WallTime> answered;
  std::optional<WallTime> ended;
  std::string from;   // URI the caller claimed
  std::string to;     // Request-URI
  std::string route;  // which rule led where, e.g. "3: +49* -> core"
  std::string asserted_identity;
  std::array<LegRecord, 2> legs;      // caller, callee
  std::vector<CallAttempt> attempts;  // in the order in which they ended
  std::vector<GuardDecision> guard;
  std::vector<DropCount> zrtp_refusals;  // what the guard of ZRTP let not pass, of either side, by its code
  std::vector<std::string> downgrades;   // each a sentence; empty: nothing was weaker than the strict tier
  EndCause end;
  friend bool operator==(const CallRecord&, const CallRecord&) = default;
};

// One line of JSON without the line end; every string escaped, invalid UTF-8 replaced. Times are
// RFC 3339 in UTC with milliseconds (what is finer is cut).
std::string toJson(const CallRecord& record);

// Fails with call_record.json (not JSON, or not an object), call_record.field (a member has the wrong
// type or is missing). Unknown members are ignored: newer versions may add some.
Result<CallRecord> fromJson(std::string_view json);

// For people: aligned, one fact per row, the two legs side by side. Control bytes are shown as
// escapes. `sallyport evidence` prints it.
enum class TableStyle : std::uint8_t { unicode, ascii };
std::string toTable(const CallRecord& record, TableStyle style = TableStyle::unicode);

}  // namespace sallyport::telemetry
