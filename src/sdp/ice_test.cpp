// SPDX-License-Identifier: Apache-2.0
#include "sdp/ice.h"

#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using testing::description;
using testing::lines;

const std::string kUfrag = "a=ice-ufrag:8hhY", kPassword = "a=ice-pwd:asd88fgpdd777uzjYhagZg";

std::string outcome(std::string_view candidate) {
  const auto line = parseCandidate(candidate);
  if (!line) return line.error().code;
  const auto* skipped = std::get_if<SkippedCandidate>(&*line);
  return skipped != nullptr ? std::string{"skipped: "} + skipped->reason : "usable";
}

// ICE of the audio section of a description with these lines at either level.
Result<std::optional<IceDescription>> iceIn(const std::vector<std::string>& session_level,
                                            const std::vector<std::string>& media_level) {
  const auto text = lines({"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 192.0.2.10", "t=0 0"}) +
                    lines(session_level) + lines({"m=audio 40000 RTP/SAVPF 0"}) + lines(media_level);
  const auto session = Session::parse(text);
  if (!session) return session.error();
  return iceOf(*session, session->media().front());
}

std::string refusal(const std::vector<std::string>& media_level) {
  const auto ice = iceIn({}, media_level);
  return ice ? "accepted" : std::string{ice.error().code};
}

TEST(IceCandidateLine, OfAHostIsReadWhole) {
  const auto line = parseCandidate("1 1 UDP 2130706431 2001:db8::4 8998 typ host generation 0 network-cost 10");
  ASSERT_TRUE(line);
  const auto& candidate = std::get<IceCandidate>(*line);
  EXPECT_EQ(candidate.foundation, "1");
  EXPECT_EQ(candidate.component, 1);
  EXPECT_EQ(candidate.priority, 2'130'706'431U);
  EXPECT_EQ(candidate.endpoint, Endpoint::parse("[2001:db8::4]:8998"));
  EXPECT_EQ(candidate.type, CandidateType::host);
  EXPECT_FALSE(candidate.related);
}

TEST(IceCandidateLine, BehindANatNamesItsBase) {
  const auto line = parseCandidate("2 2 udp 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998");
  const auto& candidate = std::get<IceCandidate>(*line);
  EXPECT_EQ(candidate.type, CandidateType::serverReflexive);
  EXPECT_EQ(candidate.component, 2);
  EXPECT_EQ(candidate.related, Endpoint::parse("203.0.113.141:8998"));
}

TEST(IceCandidateLine, ThatWeDoNotSpeakIsSkippedWithAReason) {
  EXPECT_EQ(outcome("1 1 TCP 2105524479 192.0.2.1 9 typ host tcptype active"), "skipped: transport");
  EXPECT_EQ(outcome("1 1 UDP 2130706431 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host"), "skipped: name");
  EXPECT_EQ(outcome("1 1 UDP 2130706431 192.0.2.1 5000 typ quantum"), "skipped: type");
  EXPECT_EQ(outcome("1 3 UDP 2130706431 192.0.2.1 5000 typ host"), "skipped: component");
}

TEST(IceCandidateLine, ThatIsBrokenIsRefused) {
  for (const auto* value : {
           "",
           "1 1 UDP 2130706431 192.0.2.1 5000 typ",       // no type
           "1 1 UDP 2130706431 192.0.2.1 5000 host typ",  // not "typ"
           "1 0 UDP 2130706431 192.0.2.1 5000 typ host",  // components count from one
           "1 257 UDP 2130706431 192.0.2.1 5000 typ host",
           "1 1 UDP 0 192.0.2.1 5000 typ host",  // priority
           "1 1 UDP 2147483648 192.0.2.1 5000 typ host",
           "1 1 UDP -1 192.0.2.1 5000 typ host",
           "1 1 UDP 2130706431 192.0.2.1 65536 typ host",  // port
           "1 1 UDP 2130706431 192.0.2.1 0 typ host",
           "a-b 1 UDP 2130706431 192.0.2.1 5000 typ host",  // no ice-char
           "123456789012345678901234567890123 1 UDP 1 192.0.2.1 5000 typ host",
           "1 1 UDP 2130706431 192.0.2.1 5000 typ host raddr",  // half a pair
           "1 1 UDP 2130706431 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 65536",
       }) {
    EXPECT_EQ(outcome(value), "sdp.ice.candidate") << value;
  }
}

TEST(IceCandidateLine, IsWrittenSoThatItReadsTheSameAndHidesItsBase) {
  const auto line = parseCandidate("2 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.0.7 rport 8998");
  const auto text = renderCandidate(std::get<IceCandidate>(*line));
  EXPECT_EQ(text, "2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 0.0.0.0 rport 9");
  EXPECT_EQ(outcome(text), "usable");
}

TEST(IceDescription, IsNothingWhereThePeerSaysNoneOfIt) {
  const auto ice = iceIn({}, {"a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host"});
  ASSERT_TRUE(ice);
  EXPECT_FALSE(*ice);
}

TEST(IceDescription, OfASectionPrevailsOverThatOfTheSession) {
  const auto ice =
      iceIn({"a=ice-ufrag:sess", "a=ice-pwd:sessionsessionsessionse", "a=ice-lite", "a=ice-options:trickle ice2"},
            {kUfrag, kPassword, "a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host",
             "a=candidate:1 1 TCP 2105524479 192.0.2.1 9 typ host tcptype active", "a=end-of-candidates"});
  ASSERT_TRUE(ice && *ice);
  EXPECT_EQ((*ice)->credentials.ufrag, "8hhY");
  EXPECT_EQ((*ice)->credentials.password.size(), 22U);
  EXPECT_EQ((*ice)->mode, IceMode::lite);
  EXPECT_EQ((*ice)->trickle, Trickle::yes);
  EXPECT_EQ((*ice)->gathering, Gathering::ended);
  EXPECT_EQ((*ice)->candidates.size(), 1U);
  EXPECT_EQ((*ice)->skipped.size(), 1U);
}

TEST(IceDescription, OfTheSessionHoldsWhereASectionHasNone) {
  const auto ice = iceIn({kUfrag, kPassword}, {});
  ASSERT_TRUE(ice && *ice);
  EXPECT_EQ((*ice)->credentials.ufrag, "8hhY");
  EXPECT_EQ((*ice)->mode, IceMode::full);
  EXPECT_EQ((*ice)->trickle, Trickle::no);
  EXPECT_EQ((*ice)->gathering, Gathering::goesOn);
}

TEST(IceDescription, WithOneCredentialOnlyIsRefused) {
  EXPECT_EQ(refusal({kUfrag}), "sdp.ice.incomplete");
  EXPECT_EQ(refusal({kPassword}), "sdp.ice.incomplete");
  EXPECT_FALSE(iceIn({kPassword}, {kUfrag}));  // one level has both
}

TEST(IceDescription, WithWeakOrForeignCredentialsIsRefused) {
  EXPECT_EQ(refusal({"a=ice-ufrag:abc", kPassword}), "sdp.ice.ufrag");
  EXPECT_EQ(refusal({"a=ice-ufrag:" + std::string(257, 'a'), kPassword}), "sdp.ice.ufrag");
  EXPECT_EQ(refusal({"a=ice-ufrag:a:cd", kPassword}), "sdp.ice.ufrag");
  EXPECT_EQ(refusal({kUfrag, "a=ice-pwd:onlytwentyonecharacte"}), "sdp.ice.pwd");
  EXPECT_EQ(refusal({kUfrag, "a=ice-pwd:" + std::string(257, 'a')}), "sdp.ice.pwd");
}

TEST(IceDescription, ThatSaysACredentialTwiceIsRefused) {
  EXPECT_EQ(refusal({kUfrag, kUfrag, kPassword}), "sdp.ice.repeated");
  EXPECT_EQ(refusal({kUfrag, kPassword, kPassword}), "sdp.ice.repeated");
}

TEST(IceDescription, WithABrokenCandidateIsRefused) {
  EXPECT_EQ(refusal({kUfrag, kPassword, "a=candidate:nonsense"}), "sdp.ice.candidate");
}

TEST(IceDescription, WithMoreCandidatesThanAnybodyNeedsIsRefused) {
  std::vector<std::string> section{kUfrag, kPassword};
  for (std::size_t i = 0; i < kMostCandidates; ++i) {
    section.push_back("a=candidate:1 1 UDP 1 192.0.2.1 " + std::to_string(5'000 + i) + " typ host");
  }
  EXPECT_EQ(refusal(section), "accepted");
  section.emplace_back("a=candidate:1 1 TCP 1 192.0.2.1 9 typ host tcptype active");
  EXPECT_EQ(refusal(section), "sdp.ice.too_many_candidates");
}

TEST(IceDescription, IsWrittenSoThatItReadsTheSame) {
  const auto first = iceIn({"a=ice-lite", "a=ice-options:trickle"},
                           {kUfrag, kPassword, "a=candidate:1 1 UDP 2130706431 2001:db8::1 5000 typ host",
                            "a=candidate:2 2 UDP 2130706430 192.0.2.1 5001 typ host", "a=end-of-candidates"});
  const auto session_lines = renderIceSessionLines(**first), media_lines = renderIceMediaLines(**first);
  EXPECT_EQ(session_lines, "a=ice-lite\r\na=ice-options:ice2 trickle\r\n");
  const auto session = Session::parse(lines({"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "t=0 0"}) + session_lines +
                                      "m=audio 9 RTP/SAVPF 0\r\n" + media_lines);
  ASSERT_TRUE(session);
  const auto again = iceOf(*session, session->media().front());
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->credentials.ufrag, "8hhY");
  EXPECT_TRUE((*again)->credentials.password == (*first)->credentials.password);
  EXPECT_EQ((*again)->candidates, (*first)->candidates);
  EXPECT_EQ((*again)->mode, IceMode::lite);
  EXPECT_EQ((*again)->gathering, Gathering::ended);
}

TEST(IceDescription, ShowsNoPasswordInALog) {
  const auto ice = iceIn({}, {kUfrag, kPassword});
  EXPECT_EQ(redacted(renderIceMediaLines(**ice)).find("asd88f"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sdp
