// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/test_support.h"

namespace sallyport::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Client {
 public:
  explicit Client(const Endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress address{to};
    SP_CHECK(::connect(fd_.raw(), address.raw(), address.size()) == 0);
    fcntl(fd_.raw(), F_SETFL, O_NONBLOCK);
  }
  void say(std::string_view bytes) {
    [[maybe_unused]] const auto sent = ::send(fd_.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  bool ended() {
    char bytes[4'096];
    for (;;) {
      const auto count = ::recv(fd_.raw(), bytes, sizeof bytes, 0);
      if (count == 0 || (count < 0 && errno == ECONNRESET)) return true;
      if (count < 0) return false;
      heard.append(bytes, static_cast<std::size_t>(count));
    }
  }
  std::string heard;

 private:
  Fd fd_;
};

struct HttpServerTest : testing::Test {
  void listen(HttpServerOptions options = {}) {
    auto made = HttpServer::listen(
        *loop, {kLoopbackV4, 0},
        [this](std::string_view path) {
          paths.emplace_back(path);
          return path == "/healthz" ? HttpReply{200, "text/plain", "ok\n"} : HttpReply{404, "text/plain", "no\n"};
        },
        options);
    ASSERT_TRUE(made) << describe(made.error());
    server = *std::move(made);
  }
  // What comes back for `request` on a connection of its own, once the server has ended it.
  std::string reply(std::string_view request) {
    Client client{server->local()};
    client.say(request);
    turnUntil(*loop, [&] { return client.ended(); });
    return client.heard;
  }

  FakeClock clock;
  std::unique_ptr<Loop> loop = makeLoop(clock);
  std::vector<std::string> paths;
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, AnswersGetWithoutTheQuery) {
  listen();
  const auto text = reply("GET /healthz?verbose HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\nok\n"));
  EXPECT_THAT(paths, testing::ElementsAre("/healthz"));
}

TEST_F(HttpServerTest, AnswersHeadWithTheLengthOnly) {
  listen();
  const auto text = reply("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, PassesOnTheHandlersStatus) {
  listen();
  EXPECT_THAT(reply("GET / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(HttpServerTest, KeepsTheConnectionForTheNextRequestHoweverItArrives) {
  listen();
  Client client{server->local()};
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  client.say(request + request + request.substr(0, 10));
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended() || paths.size() == 2; }));
  client.say(request.substr(10));
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended() || paths.size() == 3; }));
  turnAFew(*loop);
  EXPECT_FALSE(client.ended());
}

TEST_F(HttpServerTest, RefusesOtherMethods) {
  listen();
  const auto text = reply("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(text, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_TRUE(paths.empty());
}

TEST_F(HttpServerTest, RefusesBodies) {
  listen();
  EXPECT_THAT(reply("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(reply("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(paths.empty());
}

TEST_F(HttpServerTest, RefusesAnHttp11RequestWithoutAHost) {
  listen();
  EXPECT_THAT(reply("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttp) {
  listen();
  EXPECT_THAT(reply("OPTIONS sip:edge SIP/2.0\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(reply("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, RefusesAHeaderThatIsTooLarge) {
  listen({.header_bytes = 500});
  EXPECT_THAT(reply("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(600, 'x')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(reply("GET /" + std::string(600, 'x')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, LeavesAClientThatTakesTooLong) {
  listen();
  Client client{server->local()};
  client.say("GET / HT");
  turnAFew(*loop);
  EXPECT_FALSE(client.ended());
  clock.advance(seconds{5});
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended(); }));
  EXPECT_EQ(server->clients(), 0u);
}

TEST_F(HttpServerTest, TurnsMoreClientsAwayThanItMayHave) {
  listen({.clients = 1});
  Client first{server->local()};
  ASSERT_TRUE(turnUntil(*loop, [&] { return server->clients() == 1; }));
  Client second{server->local()};
  ASSERT_TRUE(turnUntil(*loop, [&] { return second.ended(); }));
  EXPECT_FALSE(first.ended());
}

TEST_F(HttpServerTest, IsNotServedToTheWorldUnlessTheOperatorSaysSo) {
  const auto made = HttpServer::listen(*loop, {IpAddress{}, 0}, [](std::string_view) { return HttpReply{}; });
  ASSERT_FALSE(made);
  EXPECT_STREQ(made.error().code, "net.http.exposed");
  EXPECT_TRUE(HttpServer::listen(*loop, {IpAddress{}, 0}, [](std::string_view) { return HttpReply{}; },
                                 {.exposure = HttpExposure::anywhere}));
}

}  // namespace
}  // namespace sallyport::net
