// SPDX-License-Identifier: Apache-2.0
#include "sip/stream_framer.h"

#include <gtest/gtest.h>

#include "sip/message_test_support.h"

namespace sallyport::sip {
namespace {

using test::goodInvite;
using test::inviteWith;
using test::inviteWithLine;

// What came out, as words a reader can compare: "frame", "ping", "pong", or the error code.
std::vector<std::string> drain(StreamFramer& framer) {
  std::vector<std::string> out;
  for (;;) {
    auto event = framer.next();
    if (!event) {
      out.emplace_back(event.error().code);
      return out;
    }
    if (std::holds_alternative<StreamFramer::NeedMore>(*event)) return out;
    if (std::holds_alternative<StreamFramer::Ping>(*event)) out.emplace_back("ping");
    if (std::holds_alternative<StreamFramer::Pong>(*event)) out.emplace_back("pong");
    if (std::holds_alternative<StreamFramer::Frame>(*event)) out.emplace_back("frame");
  }
}

using Words = std::vector<std::string>;

Words eventsOf(std::string_view bytes, ParseLimits limits = {}) {
  StreamFramer framer{limits};
  framer.append(bytes);
  return drain(framer);
}

TEST(StreamFramer, CutsAMessageAtItsContentLength) {
  StreamFramer framer;
  framer.append(goodInvite() + "OPTIONS");
  auto event = framer.next();
  ASSERT_TRUE(event);
  ASSERT_TRUE(std::holds_alternative<StreamFramer::Frame>(*event));
  EXPECT_EQ(std::get<StreamFramer::Frame>(*event).bytes, goodInvite());
  EXPECT_EQ(framer.pending(), "OPTIONS");
  EXPECT_TRUE(framer.inMessage());
}

TEST(StreamFramer, CutsManyMessagesFromOneRead) {
  EXPECT_EQ(eventsOf(goodInvite() + "\r\n" + goodInvite() + "\r\n\r\n" + goodInvite()),
            (Words{"frame", "pong", "frame", "ping", "frame"}));
}

TEST(StreamFramer, GivesTheSameEventsHoweverTheBytesArrive) {
  const std::string stream = goodInvite() + inviteWith("Content-Length: 5", "l:\r\n 5") + goodInvite();
  for (std::size_t chunk = 1; chunk < stream.size(); chunk += 13) {
    StreamFramer framer;
    Words events;
    for (std::size_t at = 0; at < stream.size(); at += chunk) {
      framer.append(std::string_view{stream}.substr(at, chunk));
      for (const std::string& event : drain(framer)) events.push_back(event);
    }
    EXPECT_EQ(events, (Words{"frame", "frame", "frame"})) << chunk;
    EXPECT_TRUE(framer.end());
  }
}

TEST(StreamFramer, KnowsKeepAlives) {
  EXPECT_EQ(eventsOf("\r\n\r\n"), Words{"ping"});
  EXPECT_EQ(eventsOf("\r\n"), Words{"pong"});
  EXPECT_EQ(eventsOf("\r\n\r\n\r\n\r\n\r\n"), (Words{"ping", "ping", "pong"}));
  EXPECT_EQ(eventsOf("\r"), Words{});
}

TEST(StreamFramer, APingInTwoHalvesIsStillAnswered) {
  StreamFramer framer;
  framer.append("\r\n");
  EXPECT_EQ(drain(framer), Words{"pong"});
  framer.append("\r");
  EXPECT_EQ(drain(framer), Words{});
  framer.append("\n");
  EXPECT_EQ(drain(framer), Words{"ping"});
  framer.append("\r\n");
  EXPECT_EQ(drain(framer), Words{"pong"});
}

TEST(StreamFramer, APongBeforeAMessageIsNoPartOfIt) {
  StreamFramer framer;
  framer.append("\r\n");
  EXPECT_EQ(drain(framer), Words{"pong"});
  EXPECT_FALSE(framer.inMessage());
  framer.append(goodInvite());
  EXPECT_EQ(drain(framer), Words{"frame"});
}

TEST(StreamFramer, SaysWhetherAMessageHasBegun) {
  StreamFramer framer;
  EXPECT_FALSE(framer.inMessage());
  framer.append("\r");
  EXPECT_EQ(drain(framer), Words{});
  EXPECT_FALSE(framer.inMessage());
  EXPECT_TRUE(framer.end());
  framer.append("\nI");
  EXPECT_EQ(drain(framer), Words{"pong"});
  EXPECT_TRUE(framer.inMessage());
  const Status end = framer.end();
  ASSERT_FALSE(end);
  EXPECT_STREQ(end.error().code, "sip.truncated");
}

TEST(StreamFramer, RefusesEveryDoubtfulContentLength) {
  EXPECT_EQ(eventsOf(inviteWith("Content-Length: 5\r\n", "")), Words{"sip.content_length.missing"});
  EXPECT_EQ(eventsOf(inviteWithLine("Content-Length: 5")), Words{"sip.content_length.conflict"});
  EXPECT_EQ(eventsOf(inviteWithLine("l : 0")), Words{"sip.content_length.conflict"});
  for (const char* length : {"-5", "+5", "0x5", "5,5", "5 5", "", "5\t5", "five"}) {
    EXPECT_EQ(eventsOf(inviteWith("Length: 5", std::string{"Length: "} + length)), Words{"sip.content_length.invalid"})
        << length;
  }
  for (const char* length :
       {"4294967301", "65541", "18446744073709551621", "340282366920938463463374607431768211461"}) {
    EXPECT_EQ(eventsOf(inviteWith("Length: 5", std::string{"Length: "} + length)),
              Words{"sip.content_length.too_large"})
        << length;
  }
}

TEST(StreamFramer, RefusesLinesThatHideOthers) {
  EXPECT_EQ(eventsOf(inviteWithLine("A: x\nContent-Length: 0")), Words{"sip.header.line_ending"});
  EXPECT_EQ(eventsOf(inviteWithLine("A: x\rContent-Length: 0")), Words{"sip.header.line_ending"});
  EXPECT_EQ(eventsOf(inviteWithLine("Content-Length\x01: 0")), Words{"sip.header.malformed"});
  EXPECT_EQ(eventsOf(inviteWithLine("no colon")), Words{"sip.header.malformed"});
  EXPECT_EQ(eventsOf("\n\n"), Words{"sip.header.line_ending"});
}

TEST(StreamFramer, RefusesABareLineFeedAtOnce) {
  EXPECT_EQ(eventsOf("OPTIONS sip:a@b SIP/2.0\n"), Words{"sip.header.line_ending"});
}

TEST(StreamFramer, HoldsNoMoreThanTheLimit) {
  ParseLimits limits;
  limits.max_bytes = goodInvite().size();
  EXPECT_EQ(eventsOf(goodInvite(), limits), Words{"frame"});
  limits.max_bytes -= 1;
  EXPECT_EQ(eventsOf(goodInvite(), limits), Words{"sip.too_large"});
  EXPECT_EQ(eventsOf("INVITE " + std::string(limits.max_bytes, 'a'), limits), Words{"sip.too_large"});
  std::string endless = "INVITE sip:a@b SIP/2.0\r\n";
  while (endless.size() <= limits.max_bytes) endless += "A: b\r\n";
  EXPECT_EQ(eventsOf(endless, limits), Words{"sip.too_large"});
}

TEST(StreamFramer, StaysFailedAndShowsWhatItChokedOn) {
  StreamFramer framer;
  const std::string bad = inviteWith("Length: 5", "Length: -5");
  framer.append(bad);
  EXPECT_EQ(drain(framer), Words{"sip.content_length.invalid"});
  EXPECT_EQ(framer.pending(), bad);
  framer.append(goodInvite());
  EXPECT_EQ(drain(framer), Words{"sip.content_length.invalid"}) << "nothing behind the doubt is read";
  EXPECT_EQ(framer.pending(), bad);
  EXPECT_FALSE(framer.end());
}

TEST(MessageInDatagram, DropsWhatIsNotTheMessage) {
  const auto message = messageInDatagram("\r\n\r\n" + goodInvite() + "trailing");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->size(), goodInvite().size());
  const std::string open_ended = inviteWith("Content-Length: 5\r\n", "");
  EXPECT_EQ(*messageInDatagram(open_ended), open_ended);
}

TEST(MessageInDatagram, RefusesWhatIsNotWholeOrDoubtful) {
  const auto refusal = [](const std::string& bytes, ParseLimits limits = {}) {
    const auto message = messageInDatagram(bytes, limits);
    return message ? std::string{} : message.error().code;
  };
  EXPECT_EQ(refusal(goodInvite().substr(0, goodInvite().size() - 1)), "sip.content_length.mismatch");
  EXPECT_EQ(refusal("INVITE sip:a@b SIP/2.0\r\n"), "sip.truncated");
  EXPECT_EQ(refusal(""), "sip.truncated");
  EXPECT_EQ(refusal("\r\n\r\n"), "sip.truncated");
  EXPECT_EQ(refusal(inviteWithLine("l: 5")), "sip.content_length.conflict");
  ParseLimits limits;
  limits.max_bytes = 100;
  EXPECT_EQ(refusal(goodInvite(), limits), "sip.too_large");
}

}  // namespace
}  // namespace sallyport::sip
