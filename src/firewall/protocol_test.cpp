// SPDX-License-Identifier: Apache-2.0
#include "firewall/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/test_firewall.h"

namespace sallyport::firewall {
namespace {

Request changes() {
  return {Request::Kind::change,
          7,
          {opening("192.0.2.1:20000"), opening("192.0.2.1:20001", address("198.51.100.7")),
           opening("[2001:db8::1]:20002", address("2001:db8::77")), extending("192.0.2.1:20003"),
           closing("[2001:db8::1]:20004")}};
}

std::string codeOf(Bytes message) {
  const auto read = decodeRequest(message);
  return read ? "" : read.error().code;
}
std::string replyCodeOf(Bytes message) {
  const auto read = decodeReply(message);
  return read ? "" : read.error().code;
}

TEST(Protocol, ReadsWhatItWrites) {
  const auto read = decodeRequest(encode(changes()));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, changes());
  for (const auto kind : {Request::Kind::setUp, Request::Kind::count, Request::Kind::tearDown}) {
    const Request request{kind, 0xFFFFFFFF, {}};
    EXPECT_EQ(*decodeRequest(encode(request)), request);
  }
}

TEST(Protocol, ReadsTheReplyItWrites) {
  const Reply reply{9, Standing::passing, 70'000, 5'000'000'000, {Outcome::done, Outcome::full}, "No space left"};
  EXPECT_EQ(*decodeReply(encode(reply)), reply);
}

TEST(Protocol, TellsNoMoreOfAReasonThanFits) {
  Reply reply;
  reply.detail.assign(5'000, 'x');
  EXPECT_EQ(decodeReply(encode(reply))->detail.size(), kLongestDetail);
}

TEST(Protocol, FullestRequestFitsAMessage) {
  Request request{Request::Kind::change, 1, {}};
  for (unsigned i = 0; i < kMostChanges; ++i)
    request.changes.push_back(opening("[2001:db8::1]:20002", address("2001:db8::77")));
  EXPECT_EQ(decodeRequest(encode(request))->changes.size(), kMostChanges);
}

TEST(Protocol, RefusesWhatEndsEarlyOrGoesOn) {
  auto message = encode(changes());
  for (std::size_t length = 0; length < message.size(); ++length)
    EXPECT_EQ(codeOf(Bytes{message}.first(length)), "firewall.message.length") << length;
  message.push_back(0);
  EXPECT_EQ(codeOf(message), "firewall.message.length");
}

TEST(Protocol, RefusesWhatItDoesNotKnow) {
  struct Case {
    std::size_t at;
    std::uint8_t value;
    const char* code;
  };
  const Case cases[] = {{0, 2, "firewall.message.version"},   {1, 0, "firewall.message.kind"},
                        {1, 5, "firewall.message.kind"},      {6, 0, "firewall.message.count"},
                        {6, 65, "firewall.message.count"},    {7, 0, "firewall.message.operation"},
                        {7, 4, "firewall.message.operation"}, {8, 5, "firewall.message.family"},
                        {8, 0, "firewall.message.family"},    {17, 9, "firewall.message.family"}};
  for (const auto& each : cases) {
    auto message = encode(changes());
    message[each.at] = each.value;
    EXPECT_EQ(codeOf(message), each.code) << each.at;
  }
}

TEST(Protocol, RefusesAReplyItDoesNotKnow) {
  struct Case {
    std::size_t at;
    std::uint8_t value;
    const char* code;
  };
  const Case cases[] = {{0, 9, "firewall.message.version"},
                        {5, 3, "firewall.message.kind"},
                        {18, 65, "firewall.message.count"},
                        {18, 2, "firewall.message.length"},
                        {19, 11, "firewall.message.kind"}};
  for (const auto& each : cases) {
    auto message = encode(Reply{1, Standing::filtering, 1, 1, {Outcome::done}, {}});
    message[each.at] = each.value;
    EXPECT_EQ(replyCodeOf(message), each.code) << each.at;
  }
  auto long_text = encode(Reply{});
  long_text.resize(long_text.size() + kLongestDetail + 1);
  EXPECT_EQ(replyCodeOf(long_text), "firewall.message.length");
}

}  // namespace
}  // namespace sallyport::firewall
