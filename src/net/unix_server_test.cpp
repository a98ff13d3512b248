// SPDX-License-Identifier: Apache-2.0
#include "net/unix_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "net/test_support.h"
#include "net/unix_address.h"

namespace sallyport::net {
namespace {

class Handler final : public UnixRequestHandler {
 public:
  void onRequest(std::string_view line, UnixReply reply) override {
    lines.emplace_back(line);
    if (line == "later") {
      later.emplace(std::move(reply));
    } else if (line != "never") {
      reply.send("you said " + std::string{line});
    }
  }
  std::vector<std::string> lines;
  std::optional<UnixReply> later;
};

class Client {
 public:
  explicit Client(const std::filesystem::path& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = UnixAddress::of(path.native());
    connected = ::connect(fd_.raw(), address->raw(), address->size()) == 0;
    fcntl(fd_.raw(), F_SETFL, O_NONBLOCK);
  }
  void say(std::string_view bytes) {
    [[maybe_unused]] const auto sent = ::send(fd_.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void endHalf() { ::shutdown(fd_.raw(), SHUT_WR); }
  // Takes what there is; true once the server has ended the connection.
  bool ended() {
    char bytes[4'096];
    for (;;) {
      const auto count = ::recv(fd_.raw(), bytes, sizeof bytes, 0);
      if (count == 0 || (count < 0 && errno == ECONNRESET)) return true;
      if (count < 0) return false;
      heard.append(bytes, static_cast<std::size_t>(count));
    }
  }
  bool connected = false;
  std::string heard;

 private:
  Fd fd_;
};

struct UnixServerTest : testing::Test {
  UnixServerTest() {
    char pattern[] = "/tmp/sallyport-test-XXXXXX";
    folder = mkdtemp(pattern);
    path = folder / "control.sock";
  }
  ~UnixServerTest() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }
  void listen(UnixServerLimits limits = {}) {
    auto made = UnixServer::listen(*loop, path, handler, limits);
    ASSERT_TRUE(made) << describe(made.error());
    server = *std::move(made);
  }
  std::string listenCode() {
    Handler other;
    return codeOf(UnixServer::listen(*loop, path, other));
  }

  FakeClock clock;
  std::unique_ptr<Loop> loop = makeLoop(clock);
  std::filesystem::path folder;
  std::filesystem::path path;
  Handler handler;
  std::unique_ptr<UnixServer> server;
};

TEST_F(UnixServerTest, AnswersEachLineInOrder) {
  listen();
  Client client{path};
  client.say("one\ntwo\r\nth");
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended() || client.heard == "you said one\nyou said two\n"; }));
  client.say("ree\n");
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended() || client.heard.ends_with("you said three\n"); }));
  EXPECT_EQ(server->clients(), 1u);
}

TEST_F(UnixServerTest, AReplyMayComeLaterAndTheNextRequestWaitsForIt) {
  listen();
  Client client{path};
  client.say("later\nnow\n");
  ASSERT_TRUE(turnUntil(*loop, [&] { return handler.later.has_value(); }));
  turnAFew(*loop);
  EXPECT_EQ(handler.lines.size(), 1u);
  handler.later->send("first\nof all\n");
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended() || client.heard == "first of all\nyou said now\n"; }));
}

TEST_F(UnixServerTest, AClientThatHasLeftIsAnsweredWithoutHarm) {
  listen();
  {
    Client client{path};
    client.say("later\n");
    ASSERT_TRUE(turnUntil(*loop, [&] { return handler.later.has_value(); }));
  }
  ASSERT_TRUE(turnUntil(*loop, [&] { return server->clients() == 0; }));
  handler.later->send("too late");
  server.reset();
  handler.later->send("and twice");
}

TEST_F(UnixServerTest, ARequestLeftUnansweredClosesTheConnection) {
  listen();
  Client client{path};
  client.say("never\n");
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended(); }));
  EXPECT_EQ(client.heard, "");
}

TEST_F(UnixServerTest, AClientThatEndsItsHalfStillGetsItsReply) {
  listen();
  Client client{path};
  client.say("last words\n");
  client.endHalf();
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended(); }));
  EXPECT_EQ(client.heard, "you said last words\n");
}

TEST_F(UnixServerTest, ALineThatIsTooLongEndsTheConnection) {
  listen({.request_bytes = 100});
  Client client{path};
  client.say(std::string(100, 'x'));
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended(); }));
  EXPECT_TRUE(handler.lines.empty());
}

TEST_F(UnixServerTest, AClientThatSaysNothingWholeInTimeIsLeft) {
  listen();
  Client client{path};
  client.say("half a li");
  turnAFew(*loop);
  EXPECT_FALSE(client.ended());
  clock.advance(seconds{10});
  ASSERT_TRUE(turnUntil(*loop, [&] { return client.ended(); }));
}

TEST_F(UnixServerTest, MoreClientsThanItMayHaveAreTurnedAway) {
  listen({.clients = 1});
  Client first{path};
  first.say("hello\n");
  ASSERT_TRUE(turnUntil(*loop, [&] { return first.ended() || !first.heard.empty(); }));
  Client second{path};
  ASSERT_TRUE(turnUntil(*loop, [&] { return second.ended(); }));
  EXPECT_FALSE(first.ended());
}

TEST_F(UnixServerTest, OnlyTheOwnerMayOpenItWhateverTheUmask) {
  const auto before = umask(0);
  listen();
  umask(before);
  struct stat made {};
  ASSERT_EQ(stat(path.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777, 0600u);
}

TEST_F(UnixServerTest, ASocketThatADeadProcessLeftIsReplaced) {
  const auto address = *UnixAddress::of(path.native());
  {
    const Fd dead{::socket(AF_UNIX, SOCK_STREAM, 0)};
    ASSERT_EQ(::bind(dead.raw(), address.raw(), address.size()), 0);
    ASSERT_EQ(::listen(dead.raw(), 1), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  listen();
  EXPECT_TRUE(Client{path}.connected);
}

TEST_F(UnixServerTest, ALiveServerIsNotReplaced) {
  listen();
  EXPECT_EQ(listenCode(), "net.unix.busy");
  EXPECT_TRUE(Client{path}.connected);
}

TEST_F(UnixServerTest, NorIsAForeignProcessThatAnswersThere) {
  const auto address = *UnixAddress::of(path.native());
  const Fd alive{::socket(AF_UNIX, SOCK_STREAM, 0)};
  ASSERT_EQ(::bind(alive.raw(), address.raw(), address.size()), 0);
  ASSERT_EQ(::listen(alive.raw(), 1), 0);
  EXPECT_EQ(listenCode(), "net.unix.busy");
}

TEST_F(UnixServerTest, WhatIsNoSocketIsLeftAlone) {
  std::ofstream{path} << "precious";
  EXPECT_EQ(listenCode(), "net.unix.path");
  EXPECT_EQ(std::filesystem::file_size(path), 8u);
}

TEST_F(UnixServerTest, APathThatIsTooLongIsNamed) {
  path = folder / std::string(120, 'x');
  EXPECT_EQ(listenCode(), "net.unix.path");
}

TEST_F(UnixServerTest, AFolderThatIsNotThereIsNamed) {
  path = folder / "missing" / "control.sock";
  EXPECT_EQ(listenCode(), "net.unix.bind");
}

TEST_F(UnixServerTest, TakesItsSocketWithIt) {
  listen();
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixServerTest, TheClientGetsItsReplyOrIsToldWhyNot) {
  EXPECT_EQ(codeOf(askUnixServer(path, "hello", seconds{1})), "net.unix.absent");
  SystemClock system;
  const auto running = makeLoop(system);
  auto made = UnixServer::listen(*running, path, handler);
  ASSERT_TRUE(made);
  std::thread serving{[&] { running->run(); }};
  const auto reply = askUnixServer(path, "hello", seconds{10});
  const auto unanswered = askUnixServer(path, "never", seconds{10});
  const auto late = askUnixServer(path, "later", milliseconds{50});
  running->stop();
  serving.join();
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(*reply, "you said hello");
  EXPECT_EQ(codeOf(unanswered), "net.unix.closed");
  EXPECT_EQ(codeOf(late), "net.unix.timeout");
}

}  // namespace
}  // namespace sallyport::net
