// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/sas_prompt.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "phone/cli/report.h"
#include "phone/phone_test_support.h"

namespace sallyport::phone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Reply = SasReply;

class ASasPrompt : public testing::TwoPhones {
 protected:
  void SetUp() override {
    start();
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  }
  void TearDown() override {
    prompt.reset();
    for (const int end : ends) ::close(end);
  }
  SasPrompt& reading(int input) {
    return prompt.emplace(*loop, input, [this](Conversation& about, Reply reply) {
      EXPECT_EQ(&about, asked_about);
      replies.push_back(reply);
    });
  }
  void ask(Conversation& about) {
    asked_about = &about;
    prompt->ask(about);
  }
  void say(std::string_view text) {
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    turn();
  }
  void turn() {
    for (int i = 0; i < 8; ++i) loop->turn({});
  }
  void hangUpTheLine() {
    ::close(std::exchange(ends[1], -1));
    turn();
  }

  int ends[2] = {-1, -1};
  std::optional<SasPrompt> prompt;
  std::vector<Reply> replies;
  Conversation* asked_about = nullptr;
};

struct TwoConversations {
  explicit TwoConversations(Phone& phone)
      : one(phone, Conversation::Role::caller), other(phone, Conversation::Role::callee) {}
  Conversation one, other;
};

TEST_F(ASasPrompt, HearsYesAndNoHoweverTheyAreWritten) {
  TwoConversations with{*alice_phone};
  reading(ends[0]);
  ask(with.one);
  EXPECT_THAT(replies, IsEmpty());
  say("y\nYES\r\nn\nNo\n");
  EXPECT_THAT(replies, ElementsAre(Reply::same, Reply::same, Reply::different, Reply::different));
}

TEST_F(ASasPrompt, TakesNothingElseForAnAnswer) {
  TwoConversations with{*alice_phone};
  reading(ends[0]);
  ask(with.one);
  say("\nyellow\nnever mind\n y\n" + std::string(200, 'y') + "\n");
  EXPECT_THAT(replies, ElementsAre(Reply::unclear, Reply::unclear, Reply::unclear, Reply::unclear, Reply::unclear));
}

TEST_F(ASasPrompt, WaitsForTheEndOfTheLine) {
  TwoConversations with{*alice_phone};
  reading(ends[0]);
  ask(with.one);
  say("y");
  EXPECT_THAT(replies, IsEmpty());
  say("\n");
  EXPECT_THAT(replies, ElementsAre(Reply::same));
}

TEST_F(ASasPrompt, HasNoAnswerWhereTheInputEnds) {
  TwoConversations with{*alice_phone};
  reading(ends[0]);
  ask(with.one);
  say("y");
  hangUpTheLine();
  EXPECT_THAT(replies, ElementsAre(Reply::none)) << "a line that was not finished is none";
  ask(with.other);
  turn();
  EXPECT_THAT(replies, ElementsAre(Reply::none, Reply::none)) << "and nobody is there for the next call";
}

TEST_F(ASasPrompt, HasNoAnswerFromWhatNobodyTypes) {
  TwoConversations with{*alice_phone};
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  reading(null);
  ask(with.one);
  EXPECT_THAT(replies, ElementsAre(Reply::none));
  prompt.reset();
  ::close(null);
}

TEST_F(ASasPrompt, IsAboutTheCallThatWasAskedAboutLast) {
  TwoConversations with{*alice_phone};
  reading(ends[0]);
  ask(with.one);
  say("half a li");
  ask(with.other);
  prompt->forget(with.one);
  say("y\n");
  EXPECT_THAT(replies, ElementsAre(Reply::same)) << "what was begun for the other call is forgotten";
  prompt->forget(with.other);
  say("n\n");
  EXPECT_THAT(replies, ElementsAre(Reply::same)) << "the call is over";
}

TEST_F(ASasPrompt, WhatWasTypedBeforeTheWordsWereShownIsNoAnswer) {
  TwoConversations with{*alice_phone};
  const int keyboard = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_TRUE(keyboard >= 0 && ::grantpt(keyboard) == 0 && ::unlockpt(keyboard) == 0);
  const int terminal = ::open(::ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  reading(terminal);
  ASSERT_EQ(::write(keyboard, "y\n", 2), 2);
  pollfd typed{.fd = terminal, .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&typed, 1, 10'000), 1);
  ask(with.one);
  ASSERT_EQ(::write(keyboard, "n\n", 2), 2);
  ASSERT_TRUE(comesTrue([&] { return !replies.empty(); }));
  EXPECT_THAT(replies, ElementsAre(Reply::different));
  prompt.reset();
  ::close(terminal);
  ::close(keyboard);
}

TEST(SasReplies, AreShownToPeopleAndPrograms) {
  EXPECT_EQ(jsonSasReply(Reply::same), R"({"event":"sas_reply","reply":"same"})");
  EXPECT_EQ(jsonSasReply(Reply::different), R"({"event":"sas_reply","reply":"different"})");
  EXPECT_EQ(jsonSasReply(Reply::unclear), R"({"event":"sas_reply","reply":"unclear"})");
  EXPECT_EQ(jsonSasReply(Reply::none), R"({"event":"sas_reply","reply":"none"})");
  EXPECT_THAT(textSasReply(Reply::different), HasSubstr("the call ends"));
  EXPECT_THAT(textSasReply(Reply::none), HasSubstr("not compared"));
  EXPECT_EQ(textSasReply(Reply::unclear), kSasQuestion);
}

}  // namespace
}  // namespace sallyport::phone
