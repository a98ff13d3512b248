// SPDX-License-Identifier: Apache-2.0
#pragma once
// By whom a call was diverted before it came here: read from Diversion (RFC 5806) or History-Info (RFC 7044), and
// written as either (RFC 7544). Users are kept and hosts are not: they would tell one side's topology to the other.
// Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sip/message.h"

namespace sallyport::call {

// Whether history that is marked private is shown to the other side.
enum class History : std::uint8_t { respectPrivacy, disclosed };

struct Diverted {
  std::string user;         // who diverted, as it stands in a URI (escaped); empty: not told
  unsigned cause = 404;     // RFC 4458, RFC 7544: 302 unconditional, 486 busy, 408 no answer, ... 404 not known
  bool is_private = false;  // asked not to be told on (RFC 3323 "history", Diversion's privacy)
  unsigned times = 1;       // Diversion's counter
};
inline constexpr std::size_t kMostDiversions = 8;  // kept: the first, and the newest

// Oldest first. History-Info is believed before Diversion; what can not be read is left out.
std::vector<Diverted> diversionsOf(const sip::Message& request);
// How often the call was diverted already, as far as the request says: for whoever bounds it.
unsigned timesDiverted(const sip::Message& request);

struct DiversionStyle {
  std::string_view host;         // stands for every host
  std::string_view target_user;  // of the Request-URI: the end of History-Info; escaped
  History history = History::respectPrivacy;
};
std::vector<std::string> asDiversion(const std::vector<Diverted>& diversions, const DiversionStyle& style);
std::vector<std::string> asHistoryInfo(const std::vector<Diverted>& diversions, const DiversionStyle& style);

}  // namespace sallyport::call
