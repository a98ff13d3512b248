// SPDX-License-Identifier: Apache-2.0
#include "phone/account.h"

#include <gmock/gmock.h>

#include "identity/scram_server.h"

namespace sallyport::phone {
namespace {

using ::testing::StartsWith;

Secret secretOf(std::string_view text) { return Secret{bytesOf(text)}; }

sip::Message answerWith(const std::string& status, const std::vector<std::string>& headers) {
  std::string text = "SIP/2.0 " + status +
                     "\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKx\r\nFrom: <sip:a@example.com>;tag=1\r\n"
                     "To: <sip:a@example.com>;tag=2\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n";
  for (const auto& header : headers) text += header + "\r\n";
  return *sip::Message::parse(text + "Content-Length: 0\r\n\r\n");
}
sip::Message challenged(const std::vector<std::string>& schemes) {
  std::vector<std::string> headers;
  for (const auto& scheme : schemes) headers.push_back("WWW-Authenticate: " + scheme);
  return answerWith("401 Unauthorized", headers);
}

const std::string kDigest = R"(Digest realm="example.com", nonce="n", algorithm=SHA-256, qop="auth")";
const std::string kScram = R"(SCRAM-SHA-256 realm="example.com")";

class AccountTest : public ::testing::Test {
 protected:
  static Account account(Account::Scheme scheme = Account::Scheme::offered,
                         std::string_view password = "correct horse") {
    return Account{Account::Password{"alice", "example.com", secretOf(password), scheme}};
  }
  std::string answer(Account& of, const std::vector<std::string>& schemes) {
    const auto header = of.answer(challenged(schemes), attempts_, "REGISTER", "sip:example.com");
    return header ? header->second : header.error().code;
  }
  // An exchange with a server that knows `known`; what it says at the end.
  std::string exchange(Account& of, std::string_view known) {
    const auto mechanism = *identity::ScramMechanism::make({"example.com", 4'096}, secretOf("a key of 16 bytes"));
    identity::ScramServer server{mechanism};
    const auto find = [&](std::string_view user) {
      return identity::ScramAccount{std::string{user}, *identity::makeScramVerifier(known, 4'096, "0123456789abcdef")};
    };
    const auto first = server.step(answer(of, {kScram}), find, {});
    const auto last = server.step(answer(of, {first->header}), find, {});
    return last ? last->header : last.error().code;
  }
  std::string accepted(Account& of, const std::vector<std::string>& headers) {
    const auto status = of.accept(answerWith("200 OK", headers), attempts_);
    return status ? "ok" : status.error().code;
  }
  Account::Attempts attempts_;
};

TEST_F(AccountTest, ShowsAPasswordByWhatIsOfferedScramFirst) {
  auto alice = account();
  EXPECT_THAT(answer(alice, {kDigest, kScram}), StartsWith("SCRAM-SHA-256 "));
  attempts_ = {};
  EXPECT_THAT(answer(alice, {kDigest}), StartsWith("Digest "));
}

TEST_F(AccountTest, ShowsItByNothingElseThanWasSaid) {
  auto scram = account(Account::Scheme::scram);
  EXPECT_EQ(answer(scram, {kDigest}), "phone.account.scheme");
  auto digest = account(Account::Scheme::digest);
  EXPECT_THAT(answer(digest, {kScram, kDigest}), StartsWith("Digest "));
}

TEST_F(AccountTest, DoesNotFallBackToDigestInTheMiddleOfAnExchange) {
  auto alice = account();
  (void)answer(alice, {kScram});
  EXPECT_EQ(answer(alice, {kDigest}), "phone.account.scheme");
}

TEST_F(AccountTest, BelievesAServerThatProvesThatItKnowsThePassword) {
  auto alice = account();
  const auto proof = exchange(alice, "correct horse");
  EXPECT_EQ(accepted(alice, {"Authentication-Info: " + proof}), "ok");
}

TEST_F(AccountTest, RefusesAServerThatProvesNothing) {
  auto alice = account();
  EXPECT_EQ(exchange(alice, "another"), "identity.scram.not_proven");
  EXPECT_EQ(accepted(alice, {}), "identity.scram.server_not_proven");
  EXPECT_EQ(accepted(alice, {"Authentication-Info: sid=x, data=\"dj1mb3JnZWQ=\""}), "identity.scram.server_not_proven");
  attempts_ = {};
  (void)answer(alice, {kDigest});
  EXPECT_EQ(accepted(alice, {}), "ok");  // nothing is claimed
  EXPECT_EQ(accepted(alice, {"Authentication-Info: rspauth=\"" + std::string(64, 'a') + "\", qop=auth"}),
            "identity.digest.server_not_proven");
}

TEST_F(AccountTest, GivesUpWhenWhatItShowedIsNotTaken) {
  auto alice = account();
  (void)exchange(alice, "another");
  EXPECT_EQ(answer(alice, {kScram}), "phone.account.rejected");
  attempts_ = {};
  (void)answer(alice, {kDigest});
  EXPECT_EQ(answer(alice, {kDigest}), "identity.digest.rejected");
}

TEST_F(AccountTest, ShowsATokenOnceAndOnlyWhereOneIsAskedFor) {
  Account token{Account::Token{secretOf("a.b.c")}};
  EXPECT_EQ(answer(token, {kDigest, kScram}), "phone.account.scheme");
  EXPECT_EQ(answer(token, {R"(Bearer realm="example.com")"}), "Bearer a.b.c");
  EXPECT_EQ(answer(token, {R"(Bearer realm="example.com")"}), "phone.account.rejected");
}

}  // namespace
}  // namespace sallyport::phone
