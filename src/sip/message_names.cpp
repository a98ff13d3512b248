// SPDX-License-Identifier: Apache-2.0
// Method and header names: canonical spelling, compact forms (RFC 3261 7.3.3 and the IANA registry)
// and look-up. A name costs one hash of four of its bytes and one comparison.
#include <array>
#include <cstring>

#include "sip/char_class.h"
#include "sip/message.h"

namespace sallyport::sip {
namespace {

struct HeaderName {
  HeaderId id;
  std::string_view name;
  char compact = 0;
};

constexpr std::array<HeaderName, kHeaderIdCount - 1> kHeaderNames = {{
    {HeaderId::accept, "Accept"},
    {HeaderId::acceptEncoding, "Accept-Encoding"},
    {HeaderId::acceptLanguage, "Accept-Language"},
    {HeaderId::alertInfo, "Alert-Info"},
    {HeaderId::allow, "Allow"},
    {HeaderId::allowEvents, "Allow-Events", 'u'},
    {HeaderId::authenticationInfo, "Authentication-Info"},
    {HeaderId::authorization, "Authorization"},
    {HeaderId::callId, "Call-ID", 'i'},
    {HeaderId::callInfo, "Call-Info"},
    {HeaderId::contact, "Contact", 'm'},
    {HeaderId::contentDisposition, "Content-Disposition"},
    {HeaderId::contentEncoding, "Content-Encoding", 'e'},
    {HeaderId::contentLanguage, "Content-Language"},
    {HeaderId::contentLength, "Content-Length", 'l'},
    {HeaderId::contentType, "Content-Type", 'c'},
    {HeaderId::cseq, "CSeq"},
    {HeaderId::date, "Date"},
    {HeaderId::diversion, "Diversion"},
    {HeaderId::errorInfo, "Error-Info"},
    {HeaderId::event, "Event", 'o'},
    {HeaderId::expires, "Expires"},
    {HeaderId::from, "From", 'f'},
    {HeaderId::historyInfo, "History-Info"},
    {HeaderId::identity, "Identity", 'y'},
    {HeaderId::inReplyTo, "In-Reply-To"},
    {HeaderId::maxForwards, "Max-Forwards"},
    {HeaderId::mimeVersion, "MIME-Version"},
    {HeaderId::minExpires, "Min-Expires"},
    {HeaderId::minSe, "Min-SE"},
    {HeaderId::organization, "Organization"},
    {HeaderId::pAssertedIdentity, "P-Asserted-Identity"},
    {HeaderId::pPreferredIdentity, "P-Preferred-Identity"},
    {HeaderId::path, "Path"},
    {HeaderId::priority, "Priority"},
    {HeaderId::privacy, "Privacy"},
    {HeaderId::proxyAuthenticate, "Proxy-Authenticate"},
    {HeaderId::proxyAuthorization, "Proxy-Authorization"},
    {HeaderId::proxyRequire, "Proxy-Require"},
    {HeaderId::rack, "RAck"},
    {HeaderId::reason, "Reason"},
    {HeaderId::recordRoute, "Record-Route"},
    {HeaderId::referSub, "Refer-Sub"},
    {HeaderId::referTo, "Refer-To", 'r'},
    {HeaderId::referredBy, "Referred-By", 'b'},
    {HeaderId::replaces, "Replaces"},
    {HeaderId::replyTo, "Reply-To"},
    {HeaderId::require, "Require"},
    {HeaderId::retryAfter, "Retry-After"},
    {HeaderId::route, "Route"},
    {HeaderId::rseq, "RSeq"},
    {HeaderId::server, "Server"},
    {HeaderId::serviceRoute, "Service-Route"},
    {HeaderId::sessionExpires, "Session-Expires", 'x'},
    {HeaderId::subject, "Subject", 's'},
    {HeaderId::subscriptionState, "Subscription-State"},
    {HeaderId::supported, "Supported", 'k'},
    {HeaderId::timestamp, "Timestamp"},
    {HeaderId::to, "To", 't'},
    {HeaderId::unsupported, "Unsupported"},
    {HeaderId::userAgent, "User-Agent"},
    {HeaderId::via, "Via", 'v'},
    {HeaderId::warning, "Warning"},
    {HeaderId::wwwAuthenticate, "WWW-Authenticate"},
}};

constexpr bool namesAreInOrder() {
  for (std::size_t i = 0; i < kHeaderNames.size(); ++i) {
    if (static_cast<std::size_t>(kHeaderNames[i].id) != i) return false;
  }
  return true;
}
static_assert(namesAreInOrder(), "one name per HeaderId, in the order of the enumeration");

constexpr std::size_t kSlots = 512;
constexpr std::size_t kLongestName = 24;

constexpr std::size_t slotOf(std::string_view name) {
  const auto fold = [name](std::size_t at) { return static_cast<std::size_t>(name[at] | 0x20); };
  const std::size_t size = name.size();
  return (size * 37 + fold(0) * 11 + fold(size / 2) * 5 + fold(size - 1) * 151) % kSlots;
}

struct NameTable {
  std::array<std::uint8_t, kSlots> slots{};  // 1 + index; open addressing
  std::array<std::array<char, kLongestName>, kHeaderNames.size()> lowered{};
  std::array<HeaderId, 26> compact{};
  std::size_t longest_probe = 0;
};

constexpr NameTable makeNameTable() {
  NameTable table;
  table.compact.fill(HeaderId::other);
  for (std::size_t i = 0; i < kHeaderNames.size(); ++i) {
    const std::string_view name = kHeaderNames[i].name;
    for (std::size_t c = 0; c < name.size(); ++c) table.lowered[i][c] = lower(name[c]);
    std::size_t slot = slotOf(name);
    std::size_t probe = 1;
    for (; table.slots[slot] != 0; ++probe) slot = (slot + 1) % kSlots;
    table.slots[slot] = static_cast<std::uint8_t>(i + 1);
    if (probe > table.longest_probe) table.longest_probe = probe;
    if (kHeaderNames[i].compact != 0) {
      table.compact[static_cast<std::size_t>(kHeaderNames[i].compact - 'a')] = kHeaderNames[i].id;
    }
  }
  return table;
}

constexpr NameTable kNames = makeNameTable();
static_assert(kNames.longest_probe <= 2, "choose other multipliers in slotOf()");

template <typename Word>
bool equalsFolded(const char* name, const char* lowered) {
  constexpr Word kFold = static_cast<Word>(0x2020202020202020);
  Word a = 0;
  Word b = 0;
  std::memcpy(&a, name, sizeof a);
  std::memcpy(&b, lowered, sizeof b);
  return (a | kFold) == b;
}

// `name` is made of token characters: setting 0x20 then maps only letters onto letters, and '-' stays
// itself. Whole words, the last one overlapping the one before it.
bool equalsLowered(std::string_view name, const char* lowered) {
  const std::size_t size = name.size();
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (!equalsFolded<std::uint64_t>(name.data() + i, lowered + i)) return false;
    }
    return equalsFolded<std::uint64_t>(name.data() + size - 8, lowered + size - 8);
  }
  if (size >= 4) {
    return equalsFolded<std::uint32_t>(name.data(), lowered) &&
           equalsFolded<std::uint32_t>(name.data() + size - 4, lowered + size - 4);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if ((name[i] | 0x20) != lowered[i]) return false;
  }
  return true;
}

constexpr std::array<std::string_view, static_cast<std::size_t>(Method::other)> kMethods = {
    "INVITE", "ACK",  "BYE",     "CANCEL",    "OPTIONS", "REGISTER", "PRACK",
    "UPDATE", "INFO", "MESSAGE", "SUBSCRIBE", "NOTIFY",  "REFER",    "PUBLISH"};

}  // namespace

std::string_view toString(Method method) {
  return method == Method::other ? std::string_view{} : kMethods[static_cast<std::size_t>(method)];
}

Method methodFrom(std::string_view token) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (token == kMethods[i]) return static_cast<Method>(i);
  }
  return Method::other;
}

std::string_view toString(HeaderId id) {
  return id == HeaderId::other ? std::string_view{} : kHeaderNames[static_cast<std::size_t>(id)].name;
}

HeaderId headerIdFrom(std::string_view name) {
  if (name.size() <= 1) {
    return !name.empty() && isAlpha(name.front())
               ? kNames.compact[static_cast<std::size_t>((name.front() | 0x20) - 'a')]
               : HeaderId::other;
  }
  if (name.size() > kLongestName) return HeaderId::other;
  for (std::size_t slot = slotOf(name); kNames.slots[slot] != 0; slot = (slot + 1) % kSlots) {
    const std::size_t index = kNames.slots[slot] - std::size_t{1};
    if (kHeaderNames[index].name.size() == name.size() && equalsLowered(name, kNames.lowered[index].data())) {
      return kHeaderNames[index].id;
    }
  }
  return HeaderId::other;
}

}  // namespace sallyport::sip
