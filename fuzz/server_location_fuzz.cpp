// SPDX-License-Identifier: Apache-2.0
// A name server that answers anything: its messages are read and followed to servers, one message after the
// other, each behind a length of two octets. Never a crash, never more questions or candidates than allowed,
// never an identity other than the domain that was asked for, never a special-purpose address.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/special_purpose.h"
#include "net/dns_message.h"
#include "sip/server_location.h"

namespace {

using namespace sallyport;

void require(bool held) {
  if (!held) std::abort();
}

// The rest of a message whose header and question are those of `question`: only what follows is hostile.
std::vector<std::uint8_t> answering(const DnsQuestion& question, Bytes rest) {
  std::vector<std::uint8_t> message{0, 1, 0x81, 0x80, 0, 1, 0, 64, 0, 0, 0, 0};
  std::size_t label = message.size();
  message.push_back(0);
  for (const char c : question.name) {
    if (c == '.') {
      label = message.size();
      message.push_back(0);
    } else {
      ++message[label];
      message.push_back(static_cast<std::uint8_t>(c));
    }
  }
  const auto type = static_cast<unsigned>(question.type);
  for (const unsigned octet : {0u, type >> 8u, type & 0xFFu, 0u, 1u})
    message.push_back(static_cast<std::uint8_t>(octet));
  // The record count is what the message says in its first octet.
  if (!rest.empty()) {
    message[7] = rest[0];
    message.insert(message.end(), rest.begin() + 1, rest.end());
  }
  return message;
}

void check(const Result<sip::Located>& outcome) {
  if (!outcome) return;
  const auto candidates = outcome->candidates([](std::uint32_t bound) { return bound / 2; });
  require(!candidates.empty() && candidates.size() <= sip::kMostCandidates);
  for (const auto& candidate : candidates) {
    require(candidate.identity() == "core.example");
    require(specialPurposeOf(candidate.endpoint().address) == SpecialPurpose::none);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{{data, size}};
  (void)net::readDnsAnswer({data, size}, {"core.example", DnsType::a});
  sip::ServerQuery query;
  query.host = "core.example";
  auto location = sip::ServerLocation::begin(query);
  require(location.ok());
  std::size_t asked = 0;
  while (!location->done()) {
    const auto questions = location->takeQuestions();
    require(!questions.empty());
    asked += questions.size();
    require(asked <= 1 + 5 + 2 * sip::kMostServices);
    for (const auto& question : questions) {
      const auto length = input.u16();
      const auto rest = input.take(std::min<std::size_t>(length.value_or(0), input.remaining()));
      location->answered(question, net::readDnsAnswer(answering(question, *rest), question));
    }
  }
  check(location->outcome());
  return 0;
}
