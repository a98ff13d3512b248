// SPDX-License-Identifier: Apache-2.0
#include "net/web_listener.h"

#include <gmock/gmock.h>

#include "net/tls_test_support.h"

namespace sallyport::net {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kUpgrade =
    "GET /sip HTTP/1.1\r\nHost: edge.example.net\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Origin: https://edge.example.net\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n";

class WebObserver final : public WebListenerObserver {
 public:
  void onWebSocket(std::unique_ptr<TlsConnection> connection, std::string bytes) override {
    open.push_back(std::make_unique<Recording>(std::move(connection)));
    input += bytes;
  }
  void onRefused(const Endpoint&, const Error& reason) override { refused.emplace_back(reason.code); }
  void onHandshakeFailed(const Endpoint&, const Error& reason) override { failed.emplace_back(reason.code); }
  void onRequestRefused(const Endpoint&, const Error& reason) override { requests.emplace_back(reason.code); }

  std::vector<std::unique_ptr<Recording>> open;
  std::string input;
  std::vector<std::string> refused, failed, requests;
};

struct WebListenerTest : TlsWorld {
  WebListenerTest() {
    std::string large(700'000, ' ');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 23);
    auto made = std::make_shared<WebRules>();
    made->site = *WebSite::make(
        {{"/phone/", "text/html", "<p>", {}}, {"/phone/phone.js", "text/javascript", std::move(large), {}}});
    made->origins = {"https://edge.example.net"};
    rules = std::move(made);
    context = *crypto::TlsServerContext::create({.identities = {certificates::identityOf(edge)},
                                                 .peers = edge_peers,
                                                 .clock = &clock,
                                                 .client_certificates = crypto::ClientCertificates::notAsked,
                                                 .alpn = "http/1.1"});
    browser = *crypto::TlsClientContext::create(
        {.peers = core_peers, .clock = &clock, .server_name = "edge.example.net", .alpn = "http/1.1"});
  }
  void open(WebListenerLimits limits = {}) {
    auto made = WebListener::listen(*loop, {kLoopbackV4, 0}, PortSharing::exclusive, context, limits, rules, watcher);
    SP_CHECK(made.ok());
    web = *std::move(made);
    SP_CHECK(web->start().ok());
  }
  Recording& visit() {
    const auto count = dialed.size();
    auto attempt = Dial::start(*loop, {{web->local()}, browser}, {}, [this](auto result) {
      if (result) dialed.push_back(std::make_unique<Recording>(*std::move(result)));
    });
    SP_CHECK(turnUntil(*loop, [&] { return dialed.size() > count; }));
    return *dialed.back();
  }
  // All of what comes back, once it has `size` bytes behind the header or the connection has ended.
  std::string ask(Recording& page, std::string_view request, std::size_t size = 0) {
    page.received.clear();
    EXPECT_TRUE(page.connection->send(request).ok());
    until([&] {
      const auto end = page.received.find("\r\n\r\n");
      return page.closed || (end != std::string::npos && page.received.size() >= end + 4 + size);
    });
    return page.received;
  }
  std::string refusal(std::string_view request) {
    auto& page = visit();
    auto answer = ask(page, request);
    until([&] { return page.closed.has_value(); });
    EXPECT_TRUE(page.closed) << "it is refused and the connection ended";
    return answer.substr(0, answer.find('\r'));
  }

  std::shared_ptr<const WebRules> rules;
  std::shared_ptr<const crypto::TlsServerContext> context;
  std::shared_ptr<const crypto::TlsClientContext> browser;
  WebObserver watcher;
  std::unique_ptr<WebListener> web;
};

TEST_F(WebListenerTest, ServesOneFileAfterTheOtherToWhoShowsNoCertificate) {
  open();
  auto& page = visit();
  EXPECT_EQ(page.connection->facts().alpn, "http/1.1");
  EXPECT_THAT(ask(page, "GET /phone/?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", 3),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n<p>")));
  EXPECT_THAT(ask(page, "HEAD /phone/ HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("Content-Length: 3\r\n\r\n"));
  EXPECT_THAT(ask(page, "GET /else HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_FALSE(page.closed);
  EXPECT_THAT(watcher.requests, ElementsAre("net.http.not_found"));
  EXPECT_EQ(web->clients(), 1u);
}

TEST_F(WebListenerTest, SendsALargeFileAPieceAtATimeAndThenTheNextOne) {
  open();
  auto& page = visit();
  const auto answer = ask(page,
                          "GET /phone/phone.js HTTP/1.1\r\nHost: a\r\n\r\n"
                          "GET /phone/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                          700'010);
  const auto begin = answer.find("\r\n\r\n") + 4;
  EXPECT_EQ(answer.substr(begin, 24), "abcdefghijklmnopqrstuvwa");
  EXPECT_EQ(answer.substr(begin + 700'000, 15), "HTTP/1.1 200 OK");
  until([&] { return page.closed.has_value(); });
  EXPECT_THAT(page.received, EndsWith("\r\n\r\n<p>"));
}

TEST_F(WebListenerTest, HandsOnAWebSocket) {
  open();
  auto& page = visit();
  EXPECT_THAT(ask(page, kUpgrade), AllOf(StartsWith("HTTP/1.1 101 "), HasSubstr("Sec-WebSocket-Protocol: sip\r\n")));
  ASSERT_EQ(watcher.open.size(), 1u);
  EXPECT_EQ(web->clients(), 0u);
  EXPECT_EQ(web->connections(), 1u);
  EXPECT_TRUE(page.connection->send("frame").ok());
  until([&] { return !watcher.open[0]->received.empty(); });
  EXPECT_EQ(watcher.open[0]->received, "frame");
  clock.advance(seconds{40});
  turnAFew(*loop);
  EXPECT_FALSE(page.closed) << "the deadlines of requests are over";
}

TEST_F(WebListenerTest, HandsOnWhatCameWithTheUpgrade) {
  open();
  auto& page = visit();
  ask(page, std::string{kUpgrade} + "early");
  EXPECT_EQ(watcher.input, "early");
}

TEST_F(WebListenerTest, RefusesWithTheStatusAndCountsTheReason) {
  open();
  EXPECT_EQ(refusal("POST /phone/ HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(refusal("GET /phone/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
            "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(refusal("GET /phone/ HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal("INVITE sip:a@b SIP/2.0\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal("GET /phone/ HTTP/1.1\r\nHost: a\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
            "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_EQ(refusal("GET /sip HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 426 Upgrade Required");
  EXPECT_THAT(watcher.requests, ElementsAre("net.http.method", "net.http.body", "net.http.malformed",
                                            "net.http.malformed", "net.http.too_large", "net.websocket.no_upgrade"));
}

TEST_F(WebListenerTest, RefusesAHeaderWithoutEndAndATargetThatIsNoPath) {
  open();
  EXPECT_EQ(refusal("GET /phone/ HTTP/1.1\r\nHost: a\r\nX: " + std::string(9'000, 'x')),
            "HTTP/1.1 431 Request Header Fields Too Large")
      << "whether or not it ends";
  EXPECT_EQ(refusal("GET phone/ HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

TEST_F(WebListenerTest, AHeaderThatTricklesInEndsInTime) {
  open();
  auto& page = visit();
  EXPECT_TRUE(page.connection->send("GET /phone/ HTTP/1.1\r\n").ok());
  turnAFew(*loop);
  for (int i = 0; i < 4; ++i) {
    clock.advance(seconds{1});
    EXPECT_TRUE(page.connection->send("X: y\r\n").ok());
    turnAFew(*loop);
  }
  EXPECT_FALSE(page.closed);
  clock.advance(seconds{1});
  EXPECT_TRUE(until([&] { return page.closed && web->clients() == 0; }));
  EXPECT_EQ(page.received, "");
  EXPECT_THAT(watcher.requests, ElementsAre("net.http.slow"));
}

TEST_F(WebListenerTest, AConnectionWithoutARequestEndsWithoutAWord) {
  open();
  auto& page = visit();
  ask(page, "GET /phone/ HTTP/1.1\r\nHost: a\r\n\r\n", 3);
  clock.advance(seconds{30});
  EXPECT_TRUE(until([&] { return page.closed.has_value(); }));
  EXPECT_THAT(watcher.requests, IsEmpty());
}

TEST_F(WebListenerTest, AClientThatTakesNothingOfAFileIsGivenUp) {
  WebListenerLimits limits;
  limits.reply = seconds{10};
  open(limits);
  RawClient raw{web->local()};
  const auto tls = rawContext();
  raw.beginTls(tls.get());
  until([&] { return raw.shakeHands(); });
  for (int i = 0; i < 8; ++i) {
    const std::string_view request = "GET /phone/phone.js HTTP/1.1\r\nHost: a\r\n\r\n";
    SSL_write(raw.session(), request.data(), static_cast<int>(request.size()));
  }
  turnAFew(*loop);
  EXPECT_EQ(web->connections(), 1u);
  clock.advance(seconds{10});
  turnAFew(*loop);
  clock.advance(seconds{3});
  EXPECT_TRUE(until([&] { return web->connections() == 0; }));
}

TEST_F(WebListenerTest, AConnectionHasSoManyRequests) {
  WebListenerLimits limits;
  limits.requests = 2;
  open(limits);
  auto& page = visit();
  ask(page, "GET /phone/ HTTP/1.1\r\nHost: a\r\n\r\n", 3);
  EXPECT_THAT(ask(page, "GET /phone/ HTTP/1.1\r\nHost: a\r\n\r\n", 3), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(until([&] { return page.closed.has_value(); }));
}

TEST_F(WebListenerTest, OneSourceHasOnlySoManyConnections) {
  WebListenerLimits limits;
  limits.tls.connections_per_source = 2;
  open(limits);
  auto& first = visit();
  visit();
  RawClient third{web->local()};
  EXPECT_TRUE(until([&] { return third.ended(); }));
  EXPECT_THAT(watcher.refused, ElementsAre("net.connections.source"));
  first.connection->close({ErrorKind::unavailable, "test.done", {}});
  EXPECT_TRUE(until([&] { return web->connections() == 1; }));
  visit();
  EXPECT_EQ(web->connections(), 2u);
}

TEST_F(WebListenerTest, NewRulesHoldForTheNextRequest) {
  open();
  auto& page = visit();
  web->adopt(std::make_shared<WebRules>());
  EXPECT_THAT(ask(page, "GET /phone/ HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask(page, kUpgrade), StartsWith("HTTP/1.1 403 "));
}

TEST_F(WebListenerTest, StoppedItAnswersNobodyButKeepsWebSockets) {
  open();
  auto& reader = visit();
  auto& caller = visit();
  ask(caller, kUpgrade);
  web->stop();
  EXPECT_TRUE(until([&] { return reader.closed.has_value(); }));
  EXPECT_FALSE(caller.closed);
}

TEST_F(WebListenerTest, SpeaksNoOtherProtocolThanHttp) {
  open();
  std::string failure;
  auto attempt = Dial::start(*loop, {{web->local()}, client}, {},
                             [&](auto result) { failure = result.ok() ? "open" : std::string{result.error().code}; });
  EXPECT_TRUE(until([&] { return !watcher.failed.empty(); }));
  EXPECT_THAT(watcher.failed, ElementsAre("tls.handshake.alpn"));
}

}  // namespace
}  // namespace sallyport::net
