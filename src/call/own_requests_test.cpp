// SPDX-License-Identifier: Apache-2.0
#include "call/own_requests.h"

#include <gtest/gtest.h>

#include "call/call_test_border.h"

namespace sallyport::call::test {
namespace {

class OwnRequestsTest : public ::testing::Test {
 protected:
  void ask() {
    border.server.requester().request(
        *border.policy->peer("core"), sip::Method::options,
        [this](const std::string& via) {
          sip::MessageWriter writer;
          writer.request("OPTIONS", "sip:core.inner.test")
              .header(sip::HeaderId::via, via)
              .header(sip::HeaderId::maxForwards, 70)
              .header(sip::HeaderId::from, "<" + border.server.requester().sentBy().uri(Transport::tls) + ">;tag=0-t")
              .header(sip::HeaderId::to, "<sip:core.inner.test>")
              .header(sip::HeaderId::callId, "0-question")
              .header(sip::HeaderId::cseq, "1 OPTIONS");
          return writer.finish();
        },
        [this](Requester::Answer answer) { answers.push_back(std::move(answer)); });
  }
  void reply(int status) {
    const auto flow = *border.flows.of("core");
    const auto asked = border.flows.take(flow, [](const sip::Message& m) { return m.isRequest(); });
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->topmostVia().branch().starts_with("z9hG4bK0-"));  // found by its worker's number
    border.receive(flow, sip::responseTo(*asked, status, {}, "there").finish());
  }

  Border border;
  std::vector<Requester::Answer> answers;
};

TEST_F(OwnRequestsTest, TheFinalAnswerComesOnce) {
  ask();
  reply(200);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].response->status(), 200);
  EXPECT_EQ(answers[0].flow, *border.flows.of("core"));
  border.pass(40s);
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(border.server.holdings().own_requests, 0u);
  EXPECT_EQ(border.leftovers(), "");
}

TEST_F(OwnRequestsTest, SilenceIsATimeout) {
  ask();
  border.pass(33s);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_STREQ(answers[0].response.error().code, "sip.transaction.timeout");
}

TEST_F(OwnRequestsTest, WithoutAConnectionNothingIsSent) {
  border.flows.dialing = FakeFlows::Dialing::fails;
  ask();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_STREQ(answers[0].response.error().code, "net.connect.refused");
}

TEST_F(OwnRequestsTest, ALostConnectionIsToldAtOnce) {
  ask();
  border.drop(*border.flows.of("core"));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0].response.ok());
}

}  // namespace
}  // namespace sallyport::call::test
