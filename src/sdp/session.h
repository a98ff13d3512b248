// SPDX-License-Identifier: Apache-2.0
#pragma once
// A session description (RFC 8866) as parsed from one body: lines checked, bounded and split, meaning
// left to offer_answer.h. Nothing of it is ever passed on; what goes out is rendered afresh.
//
// Strict where two parsers could disagree (type letters, order of v= o= s=, control bytes, numbers,
// repeated c=), tolerant where real peers are loose (bare LF, empty s=, order of the later session
// lines, blank lines at the very end). Errors: kind peerMisbehaved, codes "sdp.*".
//
// A value: owned by whoever parsed it, no thread affinity. The text may hold keys (a=crypto), so it is
// kept in a Secret and wiped with the session; every view points into it and survives moves.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"

namespace sallyport::sdp {

struct ParseLimits {
  std::size_t max_bytes = 32'768;
  std::size_t max_lines = 1'024;
  std::size_t max_line_bytes = 2'048;
  std::size_t max_media = 16;
  std::size_t max_attributes = 256;  // per section; a browser's video section alone has more than a hundred
  std::size_t max_formats = 64;      // per m= line
};

struct Attribute {
  std::string_view name;   // case-sensitive (RFC 8866 9)
  std::string_view value;  // "" for a property attribute
};

// c= with nettype IN. The address is as written: an IP address, a name, or multicast with a TTL.
struct Connection {
  std::string_view address_type;  // "IP4" or "IP6"
  std::string_view address;
};

struct MediaSection {
  std::string_view kind;  // "audio", "video", "image", "application", ...
  std::uint16_t port = 0;
  std::uint16_t port_count = 1;           // the /n of "49170/2"
  std::string_view protocol;              // "RTP/SAVP"
  std::vector<std::string_view> formats;  // 0..127 when the protocol is RTP, tokens otherwise; never empty
  std::optional<Connection> connection;   // its own only; Session::connectionOf() falls back
  std::vector<Attribute> attributes;

  std::optional<std::string_view> attribute(std::string_view name) const;  // the first of that name
};

class Session {
 public:
  static Result<Session> parse(std::string_view text, const ParseLimits& limits = {});

  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) noexcept = default;

  // From o=, as digits. The username and the origin's address are checked and not exposed.
  std::string_view id() const { return id_; }
  std::string_view version() const { return version_; }

  std::span<const MediaSection> media() const { return media_; }
  std::span<const Attribute> attributes() const { return attributes_; }  // session level
  std::optional<std::string_view> attribute(std::string_view name) const;
  std::optional<Connection> connection() const { return connection_; }
  std::optional<Connection> connectionOf(const MediaSection& section) const;

 private:
  friend class SessionParser;
  Session() = default;

  Secret text_;
  std::string_view id_, version_;
  std::optional<Connection> connection_;
  std::vector<Attribute> attributes_;
  std::vector<MediaSection> media_;
};

// The same text with every key blanked (inline: keys, k=, ice-pwd, key-mgmt), for logs and traces. Works on
// any text, well formed or not, also on a whole SIP message.
std::string redacted(std::string_view text);

}  // namespace sallyport::sdp
