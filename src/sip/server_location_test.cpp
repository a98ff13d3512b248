// SPDX-License-Identifier: Apache-2.0
#include "sip/server_location.h"

#include <gmock/gmock.h>

#include <map>

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const RandomBelow kLowest = [](std::uint32_t) { return 0u; };
const RandomBelow kHighest = [](std::uint32_t bound) { return bound - 1; };

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  SP_CHECK(parsed.has_value());
  return *parsed;
}

// A name server that knows what it is told, and everything that it was asked.
struct Zone {
  Zone& a(const std::string& name, std::vector<std::string> addresses, std::chrono::seconds ttl = 300s) {
    for (const auto& text : addresses) {
      const auto one = address(text);
      auto& answer = at(name, one.isV4() ? DnsType::a : DnsType::aaaa);
      answer.addresses.push_back(one);
      answer.ttl = ttl;
    }
    return *this;
  }
  Zone& srv(const std::string& name, std::vector<SrvRecord> records, std::chrono::seconds ttl = 300s) {
    at(name, DnsType::srv).services = std::move(records);
    at(name, DnsType::srv).ttl = ttl;
    return *this;
  }
  Zone& naptr(const std::string& name, std::vector<NaptrRecord> records) {
    at(name, DnsType::naptr).pointers = std::move(records);
    at(name, DnsType::naptr).ttl = 300s;
    return *this;
  }
  Zone& silent(const std::string& name, DnsType type) {
    answers.insert_or_assign({name, type}, Error{ErrorKind::unavailable, "net.dns.timeout", name});
    return *this;
  }
  Result<DnsAnswer> answer(const DnsQuestion& question) {
    asked.push_back(question.toString());
    const auto found = answers.find(question);
    if (found != answers.end()) return found->second;
    DnsAnswer nothing;
    nothing.ttl = 30s;
    return nothing;
  }
  DnsAnswer& at(const std::string& name, DnsType type) {
    return *answers.emplace(DnsQuestion{name, type}, DnsAnswer{}).first->second;
  }

  std::map<DnsQuestion, Result<DnsAnswer>> answers;
  std::vector<std::string> asked;
};

ServerQuery queryFor(std::string host) {
  ServerQuery query;
  query.host = std::move(host);
  return query;
}

Result<Located> locate(Zone& zone, ServerQuery query) {
  SP_ASSIGN(auto location, ServerLocation::begin(std::move(query)));
  while (!location.done()) {
    const auto questions = location.takeQuestions();
    SP_CHECK(!questions.empty());
    for (const auto& question : questions) location.answered(question, zone.answer(question));
  }
  return location.outcome();
}

std::vector<std::string> endpointsOf(const Result<Located>& located, const RandomBelow& random = kLowest) {
  if (!located) return {located.error().code};
  std::vector<std::string> all;
  for (const auto& candidate : located->candidates(random)) all.push_back(candidate.endpoint().toString());
  return all;
}

// --- which records are asked --------------------------------------------------------------------------------

TEST(ServerLocation, ANumericHostAsksNothing) {
  Zone zone;
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("192.0.2.1"))), ElementsAre("192.0.2.1:5061"));
  auto query = queryFor("[2001:db8::1]");
  query.port = 5071;
  EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre("[2001:db8::1]:5071"));
  EXPECT_THAT(zone.asked, IsEmpty());
}

TEST(ServerLocation, AnExplicitPortAsksForAddressesOnly) {
  Zone zone;
  zone.a("core.example", {"1.1.1.1", "2600::1"});
  auto query = queryFor("core.example");
  query.port = 5071;
  EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre("[2600::1]:5071", "1.1.1.1:5071"));
  EXPECT_THAT(zone.asked, ElementsAre("AAAA core.example", "A core.example"));
}

TEST(ServerLocation, WithoutNaptrAndSrvTheDefaultPortServes) {
  Zone zone;
  zone.a("core.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("core.example"))), ElementsAre("1.1.1.1:5061"));
  EXPECT_THAT(zone.asked,
              ElementsAre("NAPTR core.example", "SRV _sips._tcp.core.example", "AAAA core.example", "A core.example"));
}

TEST(ServerLocation, AnUnprotectedPeerIsLookedForWithoutTls) {
  Zone zone;
  zone.naptr("core.example", {{1, 1, "s", "SIPS+D2T", "", "tls.core.example"}}).a("core.example", {"1.1.1.1"});
  auto query = queryFor("core.example");
  query.transport = ServerQuery::Transport::unprotected;
  EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre("1.1.1.1:5060"));
  EXPECT_EQ(zone.asked[1], "SRV _sip._tcp.core.example");
}

TEST(ServerLocation, NaptrLeadsToTheSrvRecordsOfTheLowestOrderByPreference) {
  Zone zone;
  zone.naptr("carrier.example", {{20, 1, "s", "SIPS+D2T", "", "later.example"},
                                 {10, 9, "S", "sips+d2t", "", "Second.Example."},
                                 {10, 2, "s", "SIPS+D2T", "", "_sips._tcp.first.example"},
                                 {10, 1, "s", "SIP+D2U", "", "udp.example"}});
  zone.srv("second.example", {{1, 1, 5070, "host.example"}}).a("host.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("carrier.example"))), ElementsAre("1.1.1.1:5070"));
  EXPECT_THAT(zone.asked, ElementsAre("NAPTR carrier.example", "SRV _sips._tcp.first.example", "SRV second.example",
                                      "AAAA host.example", "A host.example"));
}

TEST(ServerLocation, ANaptrThatIsNoPointerToSrvRecordsIsLeftOut) {
  Zone zone;
  zone.naptr("carrier.example", {{1, 1, "u", "SIPS+D2T", "", "u.example"},
                                 {1, 1, "s", "SIPS+D2T", "!.*!sip:x!", "regexp.example"},
                                 {1, 1, "s", "SIPS+D2T", "", "."},
                                 {1, 1, "s", "SIPS+D2T", "", "192.0.2.1"},
                                 {1, 1, "s", "SIPS+D2T", "", "bad name"},
                                 {1, 1, "s", "SIPS+D2W", "", "wss.example"}});
  zone.a("carrier.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("carrier.example"))), ElementsAre("1.1.1.1:5061"));
  EXPECT_EQ(zone.asked[1], "SRV _sips._tcp.carrier.example");
}

TEST(ServerLocation, ManyPointersAreFollowedToFourOwnersOnly) {
  Zone zone;
  std::vector<NaptrRecord> many;
  for (int i = 0; i < 1'000; ++i) many.push_back({1, 1, "s", "SIPS+D2T", "", "n" + std::to_string(i) + ".example"});
  zone.naptr("carrier.example", many).a("carrier.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("carrier.example"))), ElementsAre("1.1.1.1:5061"));
  EXPECT_EQ(zone.asked.size(), 1u + 4u + 1u + 2u);
}

TEST(ServerLocation, AServerThatAnswersNoNaptrIsAsOneWithout) {
  Zone zone;
  zone.silent("core.example", DnsType::naptr).a("core.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("core.example"))), ElementsAre("1.1.1.1:5061"));
}

// --- the order of servers ---------------------------------------------------------------------------------------

TEST(ServerLocation, ServersAreTriedByPriorityAndWithinOneByWeight) {
  Zone zone;
  zone.srv("_sips._tcp.core.example", {{20, 0, 5061, "backup.example"},
                                       {10, 10, 5061, "small.example"},
                                       {10, 90, 5061, "big.example"},
                                       {10, 0, 5061, "rest.example"}});
  zone.a("backup.example", {"1.0.0.4"}).a("small.example", {"1.0.0.1"}).a("big.example", {"1.0.0.2"});
  zone.a("rest.example", {"1.0.0.3"});
  const auto located = locate(zone, queryFor("core.example"));
  EXPECT_THAT(endpointsOf(located, kLowest),
              ElementsAre("1.0.0.3:5061", "1.0.0.1:5061", "1.0.0.2:5061", "1.0.0.4:5061"));
  EXPECT_THAT(endpointsOf(located, kHighest),
              ElementsAre("1.0.0.2:5061", "1.0.0.1:5061", "1.0.0.3:5061", "1.0.0.4:5061"));
}

TEST(OrderByRank, DrawsInProportionToTheWeights) {
  const std::vector<ServerRank> ranks{{1, 10}, {1, 30}, {1, 60}};
  std::map<std::size_t, int> first;
  for (std::uint32_t draw = 0; draw <= 100; ++draw)
    ++first[orderByRank(ranks, [&](std::uint32_t bound) { return draw % bound; }).front()];
  EXPECT_THAT(first, ElementsAre(testing::Pair(0u, 11), testing::Pair(1u, 30), testing::Pair(2u, 60)));
}

TEST(OrderByRank, TheLargestWeightsDoNotWrap) {
  const std::vector<ServerRank> ranks(16, {0, 65'535});
  std::uint32_t widest = 0;
  const auto order = orderByRank(ranks, [&](std::uint32_t bound) {
    widest = std::max(widest, bound);
    return bound - 1;
  });
  EXPECT_EQ(order.size(), 16u);
  EXPECT_EQ(widest, 16u * 65'535u + 1u);
}

TEST(ServerLocation, TheFamilyThatCanBeReachedBetterComesFirstAndOneThatCanNotIsLeftOut) {
  Zone zone;
  zone.a("core.example", {"1.1.1.1", "2600::1"});
  auto query = queryFor("core.example");
  query.families = {IpAddress::Family::v4, IpAddress::Family::v6};
  EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre("1.1.1.1:5061", "[2600::1]:5061"));
  query.families = {IpAddress::Family::v4};
  zone.asked.clear();
  EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre("1.1.1.1:5061"));
  EXPECT_EQ(zone.asked.back(), "A core.example");
}

// RFC 3263 4, RFC 5922 4.
TEST(ServerLocation, TheIdentityToExpectIsTheDomainThatWasAskedForWhereverTheDnsLed) {
  Zone zone;
  zone.naptr("Carrier.Example", {});
  zone.naptr("carrier.example", {{1, 1, "s", "SIPS+D2T", "", "pool.attacker.example"}});
  zone.srv("pool.attacker.example", {{1, 1, 5061, "host.attacker.example"}});
  zone.a("host.attacker.example", {"1.1.1.1"});
  const auto located = locate(zone, queryFor("Carrier.Example."));
  ASSERT_TRUE(located);
  ASSERT_EQ(located->candidates(kLowest).size(), 1u);
  EXPECT_EQ(located->candidates(kLowest)[0].identity(), "carrier.example");
  EXPECT_EQ(located->servers()[0].host, "host.attacker.example");
}

TEST(ServerLocation, TheAnswerIsGoodAsLongAsItsShortestRecord) {
  Zone zone;
  zone.naptr("core.example", {});
  zone.srv("_sips._tcp.core.example", {{1, 1, 5061, "a.example"}}, 120s);
  zone.a("a.example", {"1.1.1.1"}, 45s).a("a.example", {"2600::1"}, 600s);
  zone.at("core.example", DnsType::naptr).ttl = 3'000s;
  const auto located = locate(zone, queryFor("core.example"));
  ASSERT_TRUE(located);
  EXPECT_EQ(located->ttl(), 45s);
}

// --- refusals and bounds ---------------------------------------------------------------------------------------

TEST(ServerLocation, ATargetOfADotMeansThatThereIsNoSuchService) {
  Zone zone;
  zone.srv("_sips._tcp.core.example", {{0, 0, 0, "."}}).a("core.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("core.example"))), ElementsAre("sip.location.not_offered"));
}

TEST(ServerLocation, ANameWithoutAnAddressIsToldAndSoIsASilentServer) {
  Zone zone;
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("nowhere.example"))), ElementsAre("sip.location.none"));
  zone.silent("_sips._tcp.dark.example", DnsType::srv);
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("dark.example"))), ElementsAre("sip.location.unavailable"));
  zone.silent("mute.example", DnsType::a);
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("mute.example"))), ElementsAre("sip.location.unavailable"));
}

TEST(ServerLocation, OneSilentFamilyDoesNotHideTheOther) {
  Zone zone;
  zone.silent("core.example", DnsType::aaaa).a("core.example", {"1.1.1.1"});
  EXPECT_THAT(endpointsOf(locate(zone, queryFor("core.example"))), ElementsAre("1.1.1.1:5061"));
}

TEST(ServerLocation, SpecialPurposeAddressesAreRefusedUnlessThePeersNetworksContainThem) {
  for (const auto* inside : {"127.0.0.1", "10.0.0.7", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1",
                             "fd00::1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.7", "192.0.2.1"}) {
    Zone zone;
    zone.a("core.example", {inside});
    auto query = queryFor("core.example");
    EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre("sip.location.special_purpose")) << inside;
    query.networks = {*IpNetwork::parse(inside)};
    EXPECT_THAT(endpointsOf(locate(zone, query)), ElementsAre(Endpoint{address(inside), 5061}.toString())) << inside;
  }
}

TEST(ServerLocation, ASpecialPurposeAddressBesideAPublicOneIsLeftOutAndCounted) {
  Zone zone;
  zone.a("core.example", {"127.0.0.1", "1.1.1.1"});
  const auto located = locate(zone, queryFor("core.example"));
  EXPECT_THAT(endpointsOf(located), ElementsAre("1.1.1.1:5061"));
  EXPECT_EQ(located->refused(), 1u);
}

TEST(ServerLocation, AHugeAnswerIsCutToSixteenServicesAndThirtyTwoCandidates) {
  Zone zone;
  std::vector<SrvRecord> many;
  std::vector<std::string> addresses;
  for (int i = 0; i < 200; ++i) {
    many.push_back({static_cast<std::uint16_t>(i), 1, 5061, "h" + std::to_string(i) + ".example"});
    addresses.push_back("1.1.1." + std::to_string(i));
  }
  zone.srv("_sips._tcp.core.example", many);
  for (int i = 0; i < 200; ++i) zone.a("h" + std::to_string(i) + ".example", addresses);
  const auto located = locate(zone, queryFor("core.example"));
  ASSERT_TRUE(located);
  EXPECT_EQ(located->candidates(kLowest).size(), kMostCandidates);
  EXPECT_EQ(zone.asked.size(), 2u + 2u * kMostServices);
}

TEST(ServerLocation, WhatIsNoHostIsRefusedBeforeAnythingIsAsked) {
  Zone zone;
  for (const std::string host : {"", "bad name", "-x.example", "a..b", "127.1", "[::1"}) {
    EXPECT_THAT(endpointsOf(locate(zone, queryFor(host))), ElementsAre("sip.location.host")) << host;
  }
  EXPECT_THAT(endpointsOf(locate(zone, queryFor(std::string(300, 'a')))), ElementsAre("sip.location.host"));
  auto sips = queryFor("core.example");
  sips.scheme = ServerQuery::Scheme::sips;
  sips.transport = ServerQuery::Transport::unprotected;
  EXPECT_THAT(endpointsOf(locate(zone, sips)), ElementsAre("sip.location.sips"));
  auto nowhere = queryFor("core.example");
  nowhere.families.clear();
  EXPECT_THAT(endpointsOf(locate(zone, nowhere)), ElementsAre("sip.location.family"));
  EXPECT_THAT(zone.asked, IsEmpty());
}

TEST(ServerLocation, AnswersThatWereNotAskedForAreIgnored) {
  auto location = ServerLocation::begin(queryFor("core.example"));
  ASSERT_TRUE(location);
  DnsAnswer forged;
  forged.addresses = {address("6.6.6.6")};
  location->answered({"core.example", DnsType::a}, forged);
  location->answered({"other.example", DnsType::naptr}, forged);
  EXPECT_FALSE(location->done());
  EXPECT_THAT(location->takeQuestions(), ElementsAre(DnsQuestion{"core.example", DnsType::naptr}));
  EXPECT_THAT(location->takeQuestions(), IsEmpty());
}

}  // namespace
}  // namespace sallyport::sip
