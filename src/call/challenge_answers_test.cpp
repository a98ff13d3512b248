// SPDX-License-Identifier: Apache-2.0
#include "call/challenge_answers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "call/requester_test_support.h"

namespace sallyport::call {
namespace {

class PeerChallengesTest : public ::testing::Test {
 protected:
  PeerChallengesTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sallyport-challenges-XXXXXX").string();
    SP_CHECK(mkdtemp(name.data()) != nullptr);
    folder = name;
    config.peers.resize(2);
    config.peers[0].name = "carrier";
    config.peers[0].credentials = config::PeerCredentials{"trunk-user", "carrier.test", folder / "password"};
    config.peers[1].name = "core";
  }
  ~PeerChallengesTest() override { std::filesystem::remove_all(folder); }

  void writePassword(const std::string& text, mode_t mode = 0600) const {
    std::ofstream{folder / "password", std::ios::binary} << text;
    SP_CHECK(::chmod((folder / "password").c_str(), mode) == 0);
  }
  std::string codeOfLoading() const {
    const auto accounts = loadPeerAccounts(config);
    return accounts ? "" : accounts.error().code;
  }
  static sip::Message challenged(const std::string& challenges) {
    const auto request = sip::Message::parse(
        "INVITE sip:x@carrier.test SIP/2.0\r\nVia: SIP/2.0/TLS e;branch=z9hG4bK1\r\nFrom: <sip:a@b.test>;tag=1\r\n"
        "To: <sip:x@carrier.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    return test::FakeRequester::responseTo(*request, 401, challenges);
  }
  static std::string challengeOf(const std::string& realm, const std::string& algorithm = "SHA-256") {
    return "WWW-Authenticate: Digest realm=\"" + realm + "\", nonce=\"n1\", qop=\"auth\", algorithm=" + algorithm +
           "\r\n";
  }

  std::filesystem::path folder;
  config::Config config;
  const ChallengedRequest invite{"carrier", "INVITE", "sip:x@carrier.test"};
};

TEST_F(PeerChallengesTest, AnswerTheChallengeOfAPeerForItsRealm) {
  writePassword("s3cret\r\nsecond line\n");
  const auto accounts = loadPeerAccounts(config);
  ASSERT_TRUE(accounts.ok());
  ASSERT_EQ(accounts->size(), 1u);
  PeerChallenges challenges{*accounts};
  identity::DigestAttempts attempts;
  const auto answer = challenges.answer(invite, challenged(challengeOf("carrier.test")), attempts);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->header, sip::HeaderId::authorization);
  EXPECT_NE(answer->value.find("username=\"trunk-user\""), std::string::npos);
  EXPECT_EQ(answer->value.find("s3cret"), std::string::npos);
  EXPECT_TRUE(challenges.authorize(invite));  // with the nonce that stands
}

TEST_F(PeerChallengesTest, AnswerNoOtherRealmAndNoOtherPeer) {
  writePassword("s3cret");
  PeerChallenges challenges{*loadPeerAccounts(config)};
  identity::DigestAttempts attempts;
  const auto foreign = challenges.answer(invite, challenged(challengeOf("evil.test")), attempts);
  ASSERT_FALSE(foreign.ok());
  EXPECT_STREQ(foreign.error().code, "identity.digest.realm_foreign");
  const ChallengedRequest to_core{"core", "INVITE", "sip:x@core.test"};
  const auto none = challenges.answer(to_core, challenged(challengeOf("carrier.test")), attempts);
  ASSERT_FALSE(none.ok());
  EXPECT_STREQ(none.error().code, "call.challenge.no_credentials");
  EXPECT_FALSE(challenges.authorize(to_core));
}

TEST_F(PeerChallengesTest, AnswerMd5OnlyWhereThePeersPolicySaysSo) {
  writePassword("s3cret");
  const auto md5 = challenged(challengeOf("carrier.test", "MD5"));
  identity::DigestAttempts attempts;
  EXPECT_FALSE(PeerChallenges{*loadPeerAccounts(config)}.answer(invite, md5, attempts).ok());
  config.peers[0].policy.digest_algorithms.push_back(config::DigestAlgorithm::md5);
  EXPECT_TRUE(PeerChallenges{*loadPeerAccounts(config)}.answer(invite, md5, attempts).ok());
}

TEST_F(PeerChallengesTest, TakeAPasswordOnlyFromAFileOfItsOwners) {
  EXPECT_EQ(codeOfLoading(), "crypto.file.missing");
  writePassword("s3cret", 0640);
  EXPECT_EQ(codeOfLoading(), "crypto.key.permissions");
}

TEST_F(PeerChallengesTest, RefuseAnEmptyOrEndlessPassword) {
  for (const auto& bad : {std::string{}, std::string{"\nsecond"}, std::string(257, 'x')}) {
    writePassword(bad);
    EXPECT_EQ(codeOfLoading(), "call.credentials.password");
  }
  writePassword(std::string(256, 'x'));
  EXPECT_EQ(codeOfLoading(), "");
}

}  // namespace
}  // namespace sallyport::call
