// SPDX-License-Identifier: Apache-2.0
#include "net/dns_message.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace sallyport::net {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kLongestName = 253;
constexpr std::uint16_t kAlias = 5;     // CNAME
constexpr std::uint16_t kInternet = 1;  // class IN
constexpr std::uint8_t kPointer = 0xC0;

Error malformed(const char* what) { return {ErrorKind::peerMisbehaved, "net.dns.malformed", what}; }

// As names are compared and used: lower case; nothing for a byte that stands in no host or service name.
std::optional<char> nameCharacter(std::uint8_t octet) {
  const char c = static_cast<char>(octet);
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') return c;
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return std::nullopt;
}

struct Name {
  std::string text;     // empty: a name that we do not use
  std::size_t end = 0;  // where the record goes on
};

// RFC 1035 4.1.4. A pointer leads backwards only, so that every name ends.
std::optional<Name> readName(Bytes message, std::size_t at) {
  Name name;
  bool usable = true;
  std::size_t earliest = at;
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if ((length & kPointer) == kPointer) {
      if (at + 1 >= message.size()) return std::nullopt;
      if (name.end == 0) name.end = at + 2;
      const std::size_t target = loadBe16(&message[at]) & 0x3FFFu;
      if (target >= earliest) return std::nullopt;
      earliest = at = target;
      continue;
    }
    if ((length & kPointer) != 0) return std::nullopt;
    if (length == 0) {
      if (name.end == 0) name.end = at + 1;
      if (name.text.empty()) name.text += '.';
      if (!usable) name.text.clear();
      return name;
    }
    if (message.size() - at <= length || name.text.size() + length + 1 > kLongestName) return std::nullopt;
    if (!name.text.empty()) name.text += '.';
    for (const auto octet : message.subspan(at + 1, length)) {
      const auto character = nameCharacter(octet);
      usable = usable && character.has_value();
      name.text += character.value_or('?');
    }
    at += length + 1u;
  }
  return std::nullopt;
}

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::size_t data = 0;  // where it begins
  std::size_t size = 0;
};

// The record at `at`, which moves behind it.
std::optional<Record> readRecord(Bytes message, std::size_t& at) {
  auto owner = readName(message, at);
  if (!owner) return std::nullopt;
  ByteReader fixed{message.subspan(owner->end)};
  const auto type = fixed.u16();
  const auto klass = fixed.u16();
  const auto ttl = fixed.u32();
  const auto size = fixed.u16();
  if (!type || !klass || !ttl || !size || fixed.remaining() < *size) return std::nullopt;
  const std::size_t data = owner->end + fixed.position();
  at = data + *size;
  return Record{std::move(owner->text), *type, *klass, *ttl, data, *size};
}

// A name that fills the data of its record from `offset` to the end.
std::string nameIn(Bytes message, const Record& record, std::size_t offset) {
  if (record.size <= offset) return {};
  const auto name = readName(message, record.data + offset);
  return name && name->end == record.data + record.size ? name->text : std::string{};
}

std::optional<std::string> characterString(ByteReader& reader) {
  const auto length = reader.u8();
  if (!length) return std::nullopt;
  const auto bytes = reader.take(*length);
  if (!bytes) return std::nullopt;
  return std::string{bytes->begin(), bytes->end()};
}

void addService(Bytes message, const Record& record, DnsAnswer& answer) {
  ByteReader fixed{message.subspan(record.data, record.size)};
  const auto priority = fixed.u16();
  const auto weight = fixed.u16();
  const auto port = fixed.u16();
  auto target = nameIn(message, record, 6);
  if (!port || target.empty()) return;
  answer.services.push_back({*priority, *weight, *port, std::move(target)});
}

void addPointer(Bytes message, const Record& record, DnsAnswer& answer) {
  ByteReader reader{message.subspan(record.data, record.size)};
  const auto order = reader.u16();
  const auto preference = reader.u16();
  auto flags = characterString(reader);
  auto service = flags ? characterString(reader) : std::nullopt;
  auto regexp = service ? characterString(reader) : std::nullopt;
  if (!regexp) return;
  auto replacement = nameIn(message, record, reader.position());
  if (replacement.empty()) return;
  answer.pointers.push_back(
      {*order, *preference, std::move(*flags), std::move(*service), std::move(*regexp), std::move(replacement)});
}

void addAddress(Bytes message, const Record& record, DnsAnswer& answer) {
  const auto data = message.subspan(record.data, record.size);
  std::array<std::uint8_t, 16> octets{};
  const bool v4 = record.type == static_cast<std::uint16_t>(DnsType::a);
  if (data.size() != (v4 ? 4 : 16)) return;
  std::copy(data.begin(), data.end(), octets.begin());
  answer.addresses.push_back(v4 ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]}) : IpAddress::v6(octets));
}

// RFC 2181 8: a time to live with the upper bit set is none.
std::chrono::seconds lifetimeOf(const Record& record) {
  return std::chrono::seconds{record.ttl > 0x7FFF'FFFFu ? 0 : record.ttl};
}

// The name that the aliases of `name` lead to; of each its time to live counts.
std::string followAliases(Bytes message, const std::vector<Record>& records, std::string name,
                          std::chrono::seconds& ttl) {
  for (std::size_t step = 0; step < kMostDnsAliases; ++step) {
    const auto alias = std::find_if(records.begin(), records.end(), [&](const Record& record) {
      return record.type == kAlias && record.owner == name;
    });
    if (alias == records.end()) return name;
    name = nameIn(message, *alias, 0);
    ttl = std::min(ttl, lifetimeOf(*alias));
  }
  return {};
}

}  // namespace

Result<DnsAnswer> readDnsAnswer(Bytes message, const DnsQuestion& question) {
  if (message.size() < kHeader) return malformed("no header");
  const std::size_t questions = loadBe16(&message[4]);
  const std::size_t answers = std::min<std::size_t>(loadBe16(&message[6]), kMostDnsRecords);
  if (questions != 1) return malformed("not one question");
  const auto asked = readName(message, kHeader);
  if (!asked || message.size() - asked->end < 4) return malformed("question");
  std::size_t at = asked->end + 4;
  if (asked->text != question.name || loadBe16(&message[asked->end]) != static_cast<std::uint16_t>(question.type))
    return malformed("another question");

  std::vector<Record> records;
  for (std::size_t i = 0; i < answers; ++i) {
    auto record = readRecord(message, at);
    if (!record) return malformed("record");
    if (record->klass == kInternet && !record->owner.empty()) records.push_back(std::move(*record));
  }
  DnsAnswer answer;
  answer.ttl = std::chrono::seconds::max();
  const auto name = followAliases(message, records, question.name, answer.ttl);
  for (const auto& record : records) {
    if (name.empty() || record.owner != name || record.type != static_cast<std::uint16_t>(question.type)) continue;
    answer.ttl = std::min(answer.ttl, lifetimeOf(record));
    switch (question.type) {
      case DnsType::a:
      case DnsType::aaaa: addAddress(message, record, answer); break;
      case DnsType::srv: addService(message, record, answer); break;
      case DnsType::naptr: addPointer(message, record, answer); break;
    }
  }
  return answer;
}

}  // namespace sallyport::net
