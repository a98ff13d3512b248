// SPDX-License-Identifier: Apache-2.0
#include "net/dns_message.h"

#include <gmock/gmock.h>

#include "net/test_dns_server.h"

namespace sallyport::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A response with these records to a question for `name`.
std::string responseTo(const DnsQuestion& question, const std::vector<std::string>& records) {
  auto message = be16(1) + be16(0x8180) + be16(1) + be16(static_cast<unsigned>(records.size())) + be32(0);
  message += dnsName(question.name) + be16(static_cast<unsigned>(question.type)) + be16(1);
  for (const auto& record : records) message += record;
  return message;
}

Result<DnsAnswer> read(const DnsQuestion& question, const std::vector<std::string>& records) {
  return readDnsAnswer(bytesOf(responseTo(question, records)), question);
}

const DnsQuestion kA{"a.example", DnsType::a};
const DnsQuestion kSrv{"_sips._tcp.a.example", DnsType::srv};
constexpr std::size_t kAfterQuestion = 12 + 11 + 4;  // where the records of kA begin

TEST(DnsMessage, AliasesAreFollowedAndTheShortestTimeToLiveCounts) {
  const auto answer = read(kA, {addressRecord("c.example", "192.0.2.1", 100), aliasRecord("b.example", "C.Example", 50),
                                aliasRecord("A.example", "b.example", 70)});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses.size(), 1u);
  EXPECT_EQ(answer->ttl, seconds{50});
}

TEST(DnsMessage, RecordsOfOtherNamesTypesAndClassesAreNotBelieved) {
  auto chaos = addressRecord("a.example", "6.6.6.6");
  chaos[11 + 3] = 3;  // class CH
  const auto answer = read(kA, {addressRecord("b.example", "6.6.6.6"), addressRecord("a.example", "2001:db8::6"), chaos,
                                addressRecord("a.example", "192.0.2.1")});
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->addresses, ElementsAre(IpAddress::v4({192, 0, 2, 1})));
}

TEST(DnsMessage, AliasesThatGoInACircleOrOnForTooLongLeadNowhere) {
  const auto circle = read(kA, {aliasRecord("a.example", "b.example"), aliasRecord("b.example", "a.example")});
  ASSERT_TRUE(circle);
  EXPECT_TRUE(circle->empty());
  std::vector<std::string> chain{aliasRecord("a.example", "n0.example")};
  for (int i = 0; i < 8; ++i)
    chain.push_back(aliasRecord("n" + std::to_string(i) + ".example", "n" + std::to_string(i + 1) + ".example"));
  chain.push_back(addressRecord("n8.example", "6.6.6.6"));
  const auto endless = read(kA, chain);
  ASSERT_TRUE(endless);
  EXPECT_TRUE(endless->empty());
}

TEST(DnsMessage, NamesMayPointBackwards) {
  auto record = be16(0xC000 | 12) + be16(1) + be16(1) + be32(60) + be16(4) + std::string{"\x01\x01\x01\x01"};
  const auto answer = read(kA, {record});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses.size(), 1u);
}

TEST(DnsMessage, NamesThatPointForwardsOrAtThemselvesAreMalformed) {
  for (const std::size_t target : {kAfterQuestion, kAfterQuestion + 2, std::size_t{0x3FFF}}) {
    const auto record = be16(0xC000u | static_cast<unsigned>(target)) + be16(1) + be16(1) + be32(60) + be16(0);
    EXPECT_EQ(codeOf(read(kA, {record})), "net.dns.malformed") << target;
  }
}

TEST(DnsMessage, ANameThatDnsDoesNotAllowIsMalformed) {
  const auto tail = be16(1) + be16(1) + be32(60) + be16(0);
  EXPECT_EQ(codeOf(read(kA, {std::string{"\x40"} + tail})), "net.dns.malformed");  // reserved label type
  std::string endless;
  for (int i = 0; i < 5; ++i) endless += '\x3F' + std::string(63, 'x');
  EXPECT_EQ(codeOf(read(kA, {endless + '\0' + tail})), "net.dns.malformed");
}

TEST(DnsMessage, ATargetWithOddCharactersOrALengthThatDoesNotFitIsLeftOut) {
  const auto odd = [](std::string_view target) { return serviceRecord(kSrv.name, {1, 1, 5061, std::string{target}}); };
  auto longer = dnsRecord(kSrv.name, 33, 60, be16(1) + be16(1) + be16(5061) + dnsName("x.example") + "y");
  auto shorter = dnsRecord(kSrv.name, 33, 60, be16(1) + be16(1));
  const auto answer = read(kSrv, {odd("a b.example"), odd(std::string_view{"a\0b.example", 11}), odd("a/b.example"),
                                  longer, shorter, odd("good.example")});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->services.size(), 1u);
  EXPECT_EQ(answer->services[0].target, "good.example");
}

TEST(DnsMessage, TheRootIsATarget) {
  const auto answer = read(kSrv, {serviceRecord(kSrv.name, {0, 0, 0, "."})});
  ASSERT_TRUE(answer && answer->services.size() == 1);
  EXPECT_EQ(answer->services[0].target, ".");
}

TEST(DnsMessage, ANaptrWhoseStringsOverrunIsLeftOut) {
  const DnsQuestion question{"a.example", DnsType::naptr};
  const auto overrun = dnsRecord("a.example", 35, 60, be16(1) + be16(1) + "\x09short");
  const auto answer =
      read(question, {overrun, pointerRecord("a.example", {1, 2, "s", "SIPS+D2T", "", "_sips._tcp.b.example"})});
  ASSERT_TRUE(answer && answer->pointers.size() == 1);
  EXPECT_EQ(answer->pointers[0].service, "SIPS+D2T");
}

TEST(DnsMessage, AnAnswerToAnotherQuestionIsMalformed) {
  const auto message = responseTo({"b.example", DnsType::a}, {addressRecord("b.example", "6.6.6.6")});
  EXPECT_EQ(codeOf(readDnsAnswer(bytesOf(message), kA)), "net.dns.malformed");
  EXPECT_EQ(codeOf(readDnsAnswer(bytesOf(responseTo({"a.example", DnsType::aaaa}, {})), kA)), "net.dns.malformed");
}

TEST(DnsMessage, EveryShortenedAnswerIsMalformedOrEmpty) {
  const auto whole = responseTo(kA, {addressRecord("a.example", "192.0.2.1")});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(codeOf(readDnsAnswer(bytesOf(whole.substr(0, size)), kA)), "net.dns.malformed") << size;
}

TEST(DnsMessage, ANegativeTimeToLiveIsNone) {
  const auto answer = read(kA, {addressRecord("a.example", "192.0.2.1", 0x8000'0001u)});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ttl, seconds{0});
}

}  // namespace
}  // namespace sallyport::net
