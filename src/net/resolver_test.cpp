// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <gmock/gmock.h>

#include <optional>

#include "net/test_dns_server.h"

namespace sallyport::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Replies = std::vector<std::string>;

// Time is the system's: the library times its queries by it. The cache's own times are tested in dns_cache_test.
struct ResolverTest : testing::Test {
  void serve(TestDnsServer::Script script, ResolverOptions options = {}) {
    server = std::make_unique<TestDnsServer>(*loop, std::move(script));
    options.servers = {server->endpoint()};
    auto made = Resolver::create(*loop, options);
    SP_CHECK(made.ok());
    resolver = *std::move(made);
  }
  Result<DnsAnswer> ask(const std::string& name, DnsType type = DnsType::a) {
    std::optional<Result<DnsAnswer>> answer;
    const auto lookup = resolver->ask({name, type}, [&](const auto& result) { answer = result; });
    EXPECT_FALSE(answer) << "never from within the call";
    EXPECT_TRUE(turnUntil(*loop, [&] { return answer.has_value(); }));
    return answer ? *answer : Result<DnsAnswer>{Error{ErrorKind::internal, "test.silence", ""}};
  }
  static std::vector<std::string> addressesOf(const Result<DnsAnswer>& answer) {
    if (!answer) return {answer.error().code};
    std::vector<std::string> all;
    for (const auto& address : answer->addresses) all.push_back(address.toString());
    return all;
  }
  // Gives up soon, in real time.
  static ResolverOptions impatient() {
    ResolverOptions options;
    options.timeout = milliseconds{20};
    options.attempts = 2;
    return options;
  }

  SystemClock clock;
  std::unique_ptr<Loop> loop = makeLoop(clock);
  std::unique_ptr<TestDnsServer> server;
  std::unique_ptr<Resolver> resolver;
};

TEST_F(ResolverTest, AsksForEveryTypeThatALocationNeeds) {
  serve([](const DnsQuery& query) -> Replies {
    switch (query.question.type) {
      case DnsType::a: return {query.response({addressRecord("core.example", "192.0.2.1", 60)})};
      case DnsType::aaaa: return {query.response({addressRecord("core.example", "2001:db8::1")})};
      case DnsType::srv: return {query.response({serviceRecord(query.question.name, {1, 2, 5061, "Host.Example"})})};
      case DnsType::naptr:
        return {
            query.response({pointerRecord("core.example", {1, 2, "s", "SIPS+D2T", "", "_sips._tcp.core.example"})})};
    }
    return {};
  });
  const auto v4 = ask("core.example");
  EXPECT_THAT(addressesOf(v4), ElementsAre("192.0.2.1"));
  EXPECT_EQ(v4->ttl, seconds{60});
  EXPECT_THAT(addressesOf(ask("core.example", DnsType::aaaa)), ElementsAre("2001:db8::1"));
  const auto srv = ask("_sips._tcp.core.example", DnsType::srv);
  ASSERT_TRUE(srv && srv->services.size() == 1);
  EXPECT_EQ(srv->services[0].target, "host.example");
  EXPECT_EQ(srv->services[0].port, 5061);
  const auto naptr = ask("core.example", DnsType::naptr);
  ASSERT_TRUE(naptr && naptr->pointers.size() == 1);
  EXPECT_EQ(naptr->pointers[0].replacement, "_sips._tcp.core.example");
}

TEST_F(ResolverTest, WhatIsKnownIsNotAskedAgain) {
  serve([](const DnsQuery& query) -> Replies { return {query.response({addressRecord("a.example", "192.0.2.1")})}; });
  (void)ask("a.example");
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("192.0.2.1"));
  EXPECT_THAT(server->asked, ElementsAre("A a.example"));
}

TEST_F(ResolverTest, OneQuestionOfManyIsAskedOnce) {
  serve([](const DnsQuery& query) -> Replies { return {query.response({addressRecord("a.example", "192.0.2.1")})}; });
  int told = 0;
  std::vector<Resolver::Lookup> lookups;
  for (int i = 0; i < 10; ++i)
    lookups.push_back(resolver->ask({"a.example", DnsType::a}, [&](const auto&) { ++told; }));
  ASSERT_TRUE(turnUntil(*loop, [&] { return told == 10; }));
  EXPECT_EQ(server->asked.size(), 1u);
}

TEST_F(ResolverTest, ATruncatedAnswerIsAskedForAgainOverTcp) {
  serve([](const DnsQuery& query) -> Replies {
    if (query.over == DnsQuery::Over::udp) return {query.truncated()};
    std::vector<std::string> records;
    for (int i = 0; i < 200; ++i) records.push_back(addressRecord("big.example", "192.0.2." + std::to_string(i)));
    return {query.response(records)};
  });
  EXPECT_EQ(addressesOf(ask("big.example")).size(), 200u);
  EXPECT_THAT(server->asked, ElementsAre("A big.example", "TCP A big.example"));
}

TEST_F(ResolverTest, AHugeAnswerIsReadToTheLimitOnly) {
  serve([](const DnsQuery& query) -> Replies {
    if (query.over == DnsQuery::Over::udp) return {query.truncated()};
    return {query.response(std::vector<std::string>(1'500, addressRecord("huge.example", "192.0.2.1")))};
  });
  EXPECT_EQ(addressesOf(ask("huge.example")).size(), 256u);
}

TEST_F(ResolverTest, AnAnswerWithTheWrongIdIsNotBelieved) {
  serve([](const DnsQuery& query) -> Replies {
    auto forged = query.response({addressRecord("a.example", "6.6.6.6")});
    forged[0] = static_cast<char>(forged[0] ^ 0x55);
    return {forged, query.response({addressRecord("a.example", "192.0.2.1")})};
  });
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, AnAnswerToAnotherQuestionIsNotBelieved) {
  serve([](const DnsQuery& query) -> Replies {
    auto forged = query.response({addressRecord("b.example", "6.6.6.6")});
    forged[13] = 'b';
    return {forged, query.response({addressRecord("a.example", "192.0.2.1")})};
  });
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, ANameThatDoesNotExistIsAnEmptyAnswerAndRemembered) {
  serve([](const DnsQuery& query) -> Replies { return {query.refusal(3)}; });
  const auto answer = ask("nowhere.example");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->empty());
  EXPECT_EQ(answer->ttl, seconds{30});
  (void)ask("nowhere.example");
  EXPECT_EQ(server->asked.size(), 1u);
}

TEST_F(ResolverTest, ATypeThatDoesNotExistIsAnEmptyAnswer) {
  serve([](const DnsQuery& query) -> Replies { return {query.response({})}; });
  const auto answer = ask("a.example", DnsType::srv);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->empty());
}

TEST_F(ResolverTest, AServerThatFailsOrRefusesIsTold) {
  for (const unsigned rcode : {2u, 5u}) {
    serve([&](const DnsQuery& query) -> Replies { return {query.refusal(rcode)}; }, impatient());
    EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("net.dns.failed")) << rcode;
  }
}

TEST_F(ResolverTest, AServerThatIsSilentIsAskedAsOftenAsAllowedAndThenGivenUp) {
  serve([](const DnsQuery&) -> Replies { return {}; }, impatient());
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("net.dns.timeout"));
  EXPECT_EQ(server->asked.size(), 2u);
}

TEST_F(ResolverTest, ALostDatagramIsSentAgain) {
  int seen = 0;
  serve(
      [&](const DnsQuery& query) -> Replies {
        if (++seen == 1) return {};
        return {query.response({addressRecord("a.example", "192.0.2.1")})};
      },
      impatient());
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, WhatCanNotBeReadIsTold) {
  serve([](const DnsQuery& query) -> Replies {
    auto broken = query.response({addressRecord("a.example", "192.0.2.1")});
    broken.resize(broken.size() - 2);
    return {broken};
  });
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("net.dns.malformed"));
}

TEST_F(ResolverTest, WhatIsNoNameIsRefusedWithoutAQuestion) {
  serve([](const DnsQuery&) -> Replies { return {}; });
  EXPECT_THAT(addressesOf(ask(std::string(64, 'a') + ".example")), ElementsAre("net.dns.name"));
  EXPECT_THAT(addressesOf(ask("a..example")), ElementsAre("net.dns.name"));
  EXPECT_THAT(server->asked, IsEmpty());
}

TEST_F(ResolverTest, OnlySoManyAreInFlightAndTheOthersFollow) {
  auto options = impatient();
  options.in_flight = 2;
  serve(
      [](const DnsQuery& query) -> Replies {
        if (query.question.name < "n2.example") return {};
        return {query.response({addressRecord(query.question.name, "192.0.2.1")})};
      },
      options);
  std::vector<std::string> told;
  std::vector<Resolver::Lookup> lookups;
  for (int i = 0; i < 5; ++i) {
    lookups.push_back(resolver->ask({"n" + std::to_string(i) + ".example", DnsType::a},
                                    [&](const auto& answer) { told.push_back(codeOf(answer)); }));
  }
  ASSERT_TRUE(turnUntil(*loop, [&] { return !told.empty(); }));
  EXPECT_THAT(server->asked, testing::Each(testing::AnyOf("A n0.example", "A n1.example")));
  ASSERT_TRUE(turnUntil(*loop, [&] { return told.size() == 5; }));
  EXPECT_THAT(told, ElementsAre("net.dns.timeout", "net.dns.timeout", "ok", "ok", "ok"));
}

TEST_F(ResolverTest, TooManyLookupsAreRefused) {
  ResolverOptions options;
  options.waiting = 2;
  serve([](const DnsQuery&) -> Replies { return {}; }, options);
  const auto first = resolver->ask({"a.example", DnsType::a}, [](const auto&) {});
  const auto second = resolver->ask({"b.example", DnsType::a}, [](const auto&) {});
  EXPECT_THAT(addressesOf(ask("c.example")), ElementsAre("net.dns.busy"));
}

TEST_F(ResolverTest, ALookupThatIsGivenUpIsNotTold) {
  serve([](const DnsQuery& query) -> Replies { return {query.response({addressRecord("a.example", "192.0.2.1")})}; });
  bool told = false;
  {
    const auto lookup = resolver->ask({"a.example", DnsType::a}, [&](const auto&) { told = true; });
  }
  EXPECT_THAT(addressesOf(ask("a.example")), ElementsAre("192.0.2.1"));
  EXPECT_FALSE(told);
}

TEST_F(ResolverTest, AResolverThatGoesTellsNobody) {
  serve([](const DnsQuery& query) -> Replies { return {query.response({addressRecord("a.example", "192.0.2.1")})}; });
  bool told = false;
  const auto lookup = resolver->ask({"a.example", DnsType::a}, [&](const auto&) { told = true; });
  loop->turn({});
  resolver.reset();
  turnAFew(*loop);
  EXPECT_FALSE(told);
}

TEST_F(ResolverTest, WhoIsToldMayLetTheResolverGo) {
  serve([](const DnsQuery& query) -> Replies { return {query.response({addressRecord("a.example", "192.0.2.1")})}; });
  int told = 0;
  std::vector<Resolver::Lookup> lookups;
  for (int i = 0; i < 2; ++i) {
    lookups.push_back(resolver->ask({"a.example", DnsType::a}, [&](const auto&) {
      ++told;
      resolver.reset();
    }));
  }
  ASSERT_TRUE(turnUntil(*loop, [&] { return told > 0; }));
  turnAFew(*loop);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace sallyport::net
