// SPDX-License-Identifier: Apache-2.0
#include "net/https_get.h"

#include <gmock/gmock.h>

#include "net/resolver.h"
#include "net/test_dns_server.h"
#include "net/tls_test_support.h"

namespace sallyport::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkeys";

struct HttpsGetTest : TlsWorld {
  HttpsGetTest() { listen(); }

  std::unique_ptr<HttpsGet> start(HttpsLimits limits = {}) {
    auto url = *HttpsUrl::parse("https://edge.example.net:" + std::to_string(listener->local().port) + "/keys?v=1");
    return HttpsGet::start(*loop, *resolver, std::move(url), client, limits, [this](Result<std::string> result) {
      outcome = result ? "ok " + *result : std::string{result.error().code};
    });
  }
  // What becomes of a fetch when the server says this, and then goes or stays.
  std::string when(const std::string& reply, HttpsLimits limits = {}) {
    const auto get = start(limits);
    EXPECT_TRUE(outcome.empty());  // never from within the call
    EXPECT_TRUE(until([&] { return !outcome.empty() || !observer.open.empty(); }));
    if (observer.open.empty()) return outcome;
    EXPECT_TRUE(until([&] { return accepted().received.ends_with("\r\n\r\n"); }));
    (void)accepted().connection->send(reply);
    if (goes) accepted().connection->close({ErrorKind::unavailable, "test.done", {}});
    EXPECT_TRUE(until([&] { return !outcome.empty(); }));
    return outcome;
  }

  std::string address = "127.0.0.1";
  TestDnsServer dns{*loop, [this](const DnsQuery& query) {
                      const bool known = !address.empty() && query.question.type == DnsType::a;
                      return std::vector{query.response(known ? std::vector{addressRecord("edge.example.net", address)}
                                                              : std::vector<std::string>{})};
                    }};
  std::unique_ptr<Resolver> resolver = *Resolver::create(*loop, {.servers = {dns.endpoint()}});
  std::string outcome;
  bool goes = true;
};

TEST_F(HttpsGetTest, ADocumentIsAskedForByItsNameAndGiven) {
  EXPECT_EQ(when(kOk), "ok keys");
  const auto port = std::to_string(listener->local().port);
  EXPECT_THAT(accepted().received, StartsWith("GET /keys?v=1 HTTP/1.1\r\nHost: edge.example.net:" + port + "\r\n"));
  EXPECT_THAT(accepted().received, HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(HttpsGetTest, ItIsWholeWithoutTheEndOfTheConnectionWhereItSaysHowLongItIs) {
  goes = false;
  EXPECT_EQ(when("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nke\r\n2\r\nys\r\n0\r\n\r\n"), "ok keys");
}

TEST_F(HttpsGetTest, TheEndOfTheConnectionEndsOneThatDoesNotSay) {
  EXPECT_EQ(when("HTTP/1.1 200 OK\r\n\r\nkeys"), "ok keys");
}

TEST_F(HttpsGetTest, HalfOfItIsNothing) {
  EXPECT_EQ(when("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nkeys"), "net.https.truncated");
}

TEST_F(HttpsGetTest, AnythingButA200IsNone) {
  EXPECT_EQ(when("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"),
            "net.https.status");
}

TEST_F(HttpsGetTest, WhatIsNoHttpIsNone) { EXPECT_EQ(when("SIP/2.0 200 OK\r\n\r\n"), "net.https.malformed"); }

TEST_F(HttpsGetTest, MoreThanIsWantedIsNotRead) { EXPECT_EQ(when(kOk, {.body = 3}), "net.https.too_large"); }

TEST_F(HttpsGetTest, MoreThanIsWantedIsNotReadWhenNobodySaidHowMuch) {
  EXPECT_EQ(when("HTTP/1.1 200 OK\r\n\r\n" + std::string(100, 'x'), {.body = 99}), "net.https.too_large");
}

TEST_F(HttpsGetTest, AHeaderThatDoesNotEndIsNotRead) {
  EXPECT_EQ(when("HTTP/1.1 200 OK\r\nX: " + std::string(2'000, 'x'), {.header = 1'000}), "net.https.too_large");
}

TEST_F(HttpsGetTest, ATrickleIsOutOfTime) {
  const auto get = start();
  ASSERT_TRUE(until([&] { return !observer.open.empty() && !accepted().received.empty(); }));
  ASSERT_TRUE(accepted().connection->send("HTTP/1.1 200 OK\r\n"));
  turnAFew(*loop);
  EXPECT_EQ(outcome, "");
  clock.advance(seconds{10});
  ASSERT_TRUE(until([&] { return !outcome.empty(); }));
  EXPECT_EQ(outcome, "net.https.timeout");
}

TEST_F(HttpsGetTest, AServerThatIsNotThatHostIsNotAsked) {
  edge = certificates::make(named("other.example.net"), &ca);
  server = *crypto::TlsServerContext::create(
      {.identities = {certificates::identityOf(edge)}, .peers = edge_peers, .clock = &clock});
  listen();
  EXPECT_EQ(when(kOk), "tls.peer.unknown");
}

TEST_F(HttpsGetTest, ANameWithoutAnAddressIsNoPlace) {
  address.clear();
  EXPECT_EQ(when(kOk), "net.https.no_address");
}

TEST_F(HttpsGetTest, LettingItGoGivesUpWithoutAWord) {
  auto get = start();
  ASSERT_TRUE(until([&] { return !observer.open.empty() && !accepted().received.empty(); }));
  get.reset();
  ASSERT_TRUE(accepted().connection->send(kOk));
  turnAFew(*loop);
  EXPECT_EQ(outcome, "");
}

TEST(HttpsUrl, IsAHostAPortAndWhatToAskFor) {
  const auto plain = HttpsUrl::parse("https://login.example.org");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host + " " + std::to_string(plain->port) + " " + plain->target, "login.example.org 443 /");
  const auto full = HttpsUrl::parse("https://[2001:db8::1]:8443/keys/all?v=1#x");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host + " " + std::to_string(full->port) + " " + full->target, "[2001:db8::1] 8443 /keys/all?v=1");
  EXPECT_EQ(HttpsUrl::parse("https://[2001:db8::1]?v")->target, "/?v");
  for (const auto* text : {"http://login.example.org/", "https://", "https://:443/", "https://a:0/", "https://a:x/",
                           "https://u@a/", "https://a/ b", "https://a/\r\nX: y", "login.example.org"})
    EXPECT_FALSE(HttpsUrl::parse(text)) << text;
}

}  // namespace
}  // namespace sallyport::net
