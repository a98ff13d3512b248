// SPDX-License-Identifier: Apache-2.0
#include "identity/bearer_token.h"

#include <gtest/gtest.h>

#include <array>

#include "identity/token_test_support.h"

namespace sallyport::identity {
namespace {

using namespace testing;
using crypto::testing::base64UrlOf;
using std::chrono::seconds;

const WallTime kNow{seconds{1'800'000'000}};
constexpr sip::FlowId kFlow{7};

TokenPolicy policy() {
  TokenPolicy policy;
  policy.issuer = "https://idp.test";
  policy.audiences = {"sip:edge.test", "sallyport"};
  policy.domain = "example.org";
  policy.realm = "example.org";
  return policy;
}

using Claims = std::map<std::string, std::string>;

// The claims of a good token, each value as JSON; an empty value leaves the claim out.
std::string claimsWith(const Claims& changes = {}) {
  Claims claims{{"iss", "\"https://idp.test\""},
                {"aud", "\"sallyport\""},
                {"sub", "\"alice@example.org\""},
                {"exp", "1800000600"},
                {"iat", "1800000000"}};
  for (const auto& [name, value] : changes) claims[name] = value;
  std::string text;
  for (const auto& [name, value] : claims) {
    if (!value.empty()) text += (text.empty() ? "{\"" : ",\"") + name + "\":" + value;
  }
  return text + "}";
}

class BearerTokenTest : public ::testing::Test {
 protected:
  Result<TokenIdentity> verify(const std::string& token, const TokenBearer& bearer = {kFlow, {}}) const {
    return verifier_.verify("Bearer " + token, bearer, now_);
  }
  std::string codeOf(const std::string& token, const TokenBearer& bearer = {kFlow, {}}) const {
    const auto result = verify(token, bearer);
    return result ? "ok" : result.error().code;
  }
  std::string codeWith(const Claims& changes) const { return codeOf(tokenOf(claimsWith(changes))); }

  const std::shared_ptr<TokenBindings> bindings_ = std::make_shared<TokenBindings>();
  TokenVerifier verifier_{policy(), issuerKeys(), bindings_};
  WallTime now_ = kNow;
};

TEST_F(BearerTokenTest, SaysWhoComesAndUntilWhen) {
  const auto identity = verify(tokenOf(claimsWith()));
  ASSERT_TRUE(identity) << describe(identity.error());
  EXPECT_EQ(identity->user, "alice@example.org");
  EXPECT_EQ(identity->expires, kNow + seconds{630});
}

TEST_F(BearerTokenTest, AcceptsEveryAlgorithmOfTheList) {
  const std::array<std::tuple<JwsAlgorithm, const char*, const char*>, 6> kinds{
      {{JwsAlgorithm::es256, "P-256", "ec"},
       {JwsAlgorithm::es384, "P-384", "ec384"},
       {JwsAlgorithm::rs256, "RSA-2048", "rsa"},
       {JwsAlgorithm::ps256, "RSA-2048", "rsa"},
       {JwsAlgorithm::ps256, "RSA-2048", "pss-only"},
       {JwsAlgorithm::eddsa, "ED25519", "ed"}}};
  for (const auto& [algorithm, kind, kid] : kinds) {
    EXPECT_EQ(codeOf(crypto::testing::jws(keyFor(kind), algorithm, headerOf(algorithm, kid), claimsWith())), "ok")
        << kid;
  }
}

TEST_F(BearerTokenTest, RefusesATokenWithoutSignatureByWhateverName) {
  for (const auto* name : {"none", "None", "NONE", "nOnE"}) {
    const auto text =
        base64UrlOf(std::string{R"({"alg":")"} + name + R"(","kid":"ec"})") + "." + base64UrlOf(claimsWith());
    EXPECT_EQ(codeOf(text + "."), "identity.token.algorithm") << name;
  }
  const auto token = tokenOf(claimsWith());
  EXPECT_EQ(codeOf(token.substr(0, token.rfind('.') + 1)), "identity.token.signature");
}

TEST_F(BearerTokenTest, APublicKeyIsNoSharedSecret) {
  const crypto::BioPtr bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PUBKEY(bio.get(), keyFor("RSA-2048"));
  char* pem = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &pem);
  const auto text = base64UrlOf(R"({"alg":"HS256","kid":"rsa"})") + "." + base64UrlOf(claimsWith());
  const auto mac = crypto::hmacSha256(bytesOf({pem, static_cast<std::size_t>(size)}), bytesOf(text));
  EXPECT_EQ(codeOf(text + "." + crypto::base64UrlEncode(mac)), "identity.token.algorithm");
}

TEST_F(BearerTokenTest, AKeyServesItsOwnAlgorithmOnly) {
  const auto rsa = [this](JwsAlgorithm algorithm, const char* kid) {
    return codeOf(crypto::testing::jws(keyFor("RSA-2048"), algorithm, headerOf(algorithm, kid), claimsWith()));
  };
  EXPECT_EQ(rsa(JwsAlgorithm::rs256, "pss-only"), "identity.token.algorithm");
  EXPECT_EQ(rsa(JwsAlgorithm::rs256, "ec"), "identity.token.algorithm");
  EXPECT_EQ(codeOf(crypto::testing::jws(keyFor("P-256"), JwsAlgorithm::es256, headerOf(JwsAlgorithm::es256, "rsa"),
                                        claimsWith())),
            "identity.token.algorithm");
}

TEST_F(BearerTokenTest, TheKidNamesTheKeyAndNothingElseDoes) {
  const auto with_header = [this](const std::string& header) {
    return codeOf(crypto::testing::jws(keyFor("P-256"), JwsAlgorithm::es256, header, claimsWith()));
  };
  EXPECT_EQ(with_header(R"({"alg":"ES256"})"), "identity.token.kid");
  EXPECT_EQ(with_header(R"({"alg":"ES256","kid":["ec"]})"), "identity.token.kid");
  EXPECT_EQ(with_header(R"({"alg":"ES256","kid":"unknown"})"), "identity.token.key_unknown");
  EXPECT_EQ(with_header(R"({"alg":"ES256","kid":"../../dev/null"})"), "identity.token.key_unknown");
  EXPECT_EQ(with_header(R"({"alg":"ES256","kid":""})"), "identity.token.key_unknown");
}

TEST_F(BearerTokenTest, AKeyThatComesWithTheTokenIsNotLookedAt) {
  const auto stranger = crypto::testing::makeKey("P-256");
  const auto jwk = ",\"jwk\":{" + crypto::testing::jwkMembers(stranger.get()) + "},\"jku\":\"https://evil.test/jwks\"";
  const auto signedBy = [&](std::string_view kid) {
    return codeOf(crypto::testing::jws(stranger.get(), JwsAlgorithm::es256, headerOf(JwsAlgorithm::es256, kid, jwk),
                                       claimsWith()));
  };
  EXPECT_EQ(signedBy("ec"), "identity.token.signature");
  EXPECT_EQ(signedBy("mine"), "identity.token.key_unknown");
}

TEST_F(BearerTokenTest, RefusesWhatWasChangedAfterItWasSigned) {
  const auto good = tokenOf(claimsWith());
  const auto signature = good.substr(good.rfind('.'));
  const auto forged = base64UrlOf(headerOf(JwsAlgorithm::es256, "ec")) + "." +
                      base64UrlOf(claimsWith({{"sub", "\"bob@example.org\""}})) + signature;
  EXPECT_EQ(codeOf(forged), "identity.token.signature");
}

TEST_F(BearerTokenTest, RefusesHeadersThatDemandMoreOrSayItIsSomethingElse) {
  const auto with = [this](std::string_view more) { return codeOf(tokenOf(claimsWith(), more)); };
  EXPECT_EQ(with(R"(,"crit":["b64"],"b64":false)"), "identity.token.critical");
  for (const auto* type : {R"("passport")", R"("logout+jwt")", R"("JWE")", "1", "null"}) {
    EXPECT_EQ(with(std::string{",\"typ\":"} + type), "identity.token.type") << type;
  }
  for (const auto* type : {"JWT", "jwt", "at+jwt", "application/at+jwt"}) {
    EXPECT_EQ(with(std::string{",\"typ\":\""} + type + "\""), "ok") << type;
  }
}

TEST_F(BearerTokenTest, RefusesWhatIsNoJwt) {
  const auto good = tokenOf(claimsWith());
  const auto body = good.substr(good.find('.'));
  for (const auto& token : {std::string{}, std::string{"abc"}, std::string{"a.b"}, std::string{".."}, good + ".",
                            good + ".x.y", good + " ", good + "=", " " + good + ",x=1", base64UrlOf("{}") + body,
                            base64UrlOf("[]") + body, base64UrlOf(R"({"alg":1,"kid":"ec"})") + body,
                            base64UrlOf(R"({"alg":"ES256","alg":"none"})") + body, "*" + body}) {
    EXPECT_EQ(codeOf(token), "identity.token.malformed") << token;
  }
  EXPECT_EQ(codeOf(std::string(8'193, 'a')), "identity.token.too_large");
  for (const auto* claims : {"", "[]", "\"alice\"", R"({"iss":"a","iss":"b"})"}) {
    EXPECT_EQ(codeOf(tokenOf(claims)), "identity.token.claims") << claims;
  }
}

TEST_F(BearerTokenTest, ReadsItsOwnSchemeInAnyCase) {
  const auto token = tokenOf(claimsWith());
  const auto code = [&](const std::string& header) {
    const auto result = verifier_.verify(header, {kFlow, {}}, now_);
    return std::string{result ? "ok" : result.error().code};
  };
  EXPECT_EQ(code("bEARER   " + token), "ok");
  for (const auto& header : {std::string{}, std::string{"Basic "} + token, token, "Bearer\t" + token}) {
    EXPECT_EQ(code(header), "identity.token.scheme") << header;
  }
  EXPECT_EQ(code("Bearer"), "identity.token.malformed");
}

TEST_F(BearerTokenTest, IsForUsByOurIssuer) {
  EXPECT_EQ(codeWith({{"iss", "\"https://idp.test/\""}}), "identity.token.issuer");
  EXPECT_EQ(codeWith({{"iss", ""}}), "identity.token.claims");
  EXPECT_EQ(codeWith({{"aud", "\"another\""}}), "identity.token.audience");
  EXPECT_EQ(codeWith({{"aud", R"(["another","else"])"}}), "identity.token.audience");
  EXPECT_EQ(codeWith({{"aud", "[]"}}), "identity.token.audience");
  EXPECT_EQ(codeWith({{"aud", R"(["another",7,"sip:edge.test"])"}}), "ok");
  EXPECT_EQ(codeWith({{"aud", ""}}), "identity.token.claims");
  EXPECT_EQ(codeWith({{"aud", "{}"}}), "identity.token.claims");
}

TEST_F(BearerTokenTest, LivesBetweenItsTimesWithALittleLeeway) {
  EXPECT_EQ(codeWith({{"exp", "1799999971"}}), "ok");
  EXPECT_EQ(codeWith({{"exp", "1799999970"}}), "identity.token.expired");
  EXPECT_EQ(codeWith({{"exp", "1799999970.5"}}), "ok");
  EXPECT_EQ(codeWith({{"nbf", "1800000030"}}), "ok");
  EXPECT_EQ(codeWith({{"nbf", "1800000031"}}), "identity.token.not_yet_valid");
  EXPECT_EQ(codeWith({{"iat", "1800000031"}}), "identity.token.issued_in_future");
  EXPECT_EQ(codeWith({{"iat", ""}}), "ok");
  for (const auto* time : {"", "\"1800000600\"", "-1", "1e300", "9000000001", "null"}) {
    EXPECT_EQ(codeWith({{"exp", time}}), "identity.token.claims") << time;
  }
  EXPECT_EQ(codeWith({{"nbf", "\"x\""}}), "identity.token.claims");
  EXPECT_EQ(codeWith({{"iat", "true"}}), "identity.token.claims");
}

TEST_F(BearerTokenTest, NamesAUserOfOurDomain) {
  const auto user = [this](const Claims& changes) {
    const auto identity = verify(tokenOf(claimsWith(changes)));
    return identity ? identity->user : std::string{identity.error().code};
  };
  EXPECT_EQ(user({{"sub", "\"sip:alice@Example.ORG\""}}), "alice@example.org");
  EXPECT_EQ(user({{"sub", "\"4711\""}, {"sip", "\"sip:bob@example.org\""}}), "bob@example.org");
  EXPECT_EQ(user({{"sip", "\"mallory@evil.test\""}}), "identity.token.domain");
  EXPECT_EQ(user({{"sub", "\"alice@sub.example.org\""}}), "identity.token.domain");
  EXPECT_EQ(user({{"sub", ""}}), "identity.token.claims");
  EXPECT_EQ(user({{"sip", "7"}}), "identity.token.claims");
  for (const auto* name : {"\"\"", "\"alice\"", "\"sip:example.org\"", "\"@example.org\"", "\"a b@example.org\"",
                           "\"alice@example.org;x\"", "\"sips:alice@example.org\"", "\"alice@example.org@example.org\"",
                           "\"alice%40@example.org\"", "\"al\\u0000ice@example.org\""}) {
    EXPECT_EQ(user({{"sub", name}}), "identity.token.subject") << name;
  }
}

TEST_F(BearerTokenTest, AnotherConnectionCannotUseAStolenToken) {
  const auto token = tokenOf(claimsWith());
  EXPECT_EQ(codeOf(token), "ok");
  EXPECT_EQ(codeOf(token), "ok");
  EXPECT_EQ(codeOf(token, {sip::FlowId{8}, {}}), "identity.token.other_connection");
  bindings_->flowClosed(kFlow);
  EXPECT_EQ(codeOf(token, {sip::FlowId{8}, {}}), "ok");
}

TEST_F(BearerTokenTest, NorWithTheOtherSpellingOfItsSignature) {
  const auto token = tokenOf(claimsWith());
  ASSERT_EQ(codeOf(token), "ok");
  auto signature = *crypto::base64UrlDecode(token.substr(token.rfind('.') + 1));
  const crypto::BignumPtr order{BN_new()};
  BIGNUM* raw = order.get();
  BN_hex2bn(&raw, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const crypto::BignumPtr s{BN_bin2bn(signature.data() + 32, 32, nullptr)};
  BN_sub(s.get(), order.get(), s.get());  // (r, n - s) verifies where (r, s) does
  BN_bn2binpad(s.get(), signature.data() + 32, 32);
  const auto twin = token.substr(0, token.rfind('.') + 1) + crypto::base64UrlEncode(signature);
  EXPECT_NE(twin, token);
  EXPECT_EQ(codeOf(twin, {sip::FlowId{8}, {}}), "identity.token.other_connection");
}

TEST_F(BearerTokenTest, BindingsOutliveTheKeysTheyWereMadeWith) {
  const auto token = tokenOf(claimsWith());
  EXPECT_EQ(codeOf(token), "ok");
  const TokenVerifier renewed{policy(), issuerKeys(), bindings_};
  const auto elsewhere = renewed.verify("Bearer " + token, {sip::FlowId{8}, {}}, now_);
  ASSERT_FALSE(elsewhere);
  EXPECT_STREQ(elsewhere.error().code, "identity.token.other_connection");
}

TEST_F(BearerTokenTest, ATokenTiedToACertificateGoesWithThatCertificateOnAnyConnection) {
  const auto fingerprint = crypto::sha256(bytesOf("a certificate"));
  const auto text = crypto::toColonHex(fingerprint);
  const auto other = crypto::toColonHex(crypto::sha256(bytesOf("another")));
  const auto token = tokenOf(claimsWith({{"cnf", R"({"x5t#S256":")" + crypto::base64UrlEncode(fingerprint) + "\"}"}}));
  EXPECT_EQ(codeOf(token, {kFlow, text}), "ok");
  EXPECT_EQ(codeOf(token, {sip::FlowId{8}, text}), "ok");
  EXPECT_EQ(bindings_->size(), 0u);
  EXPECT_EQ(codeOf(token, {kFlow, other}), "identity.token.certificate");
  EXPECT_EQ(codeOf(token, {kFlow, {}}), "identity.token.certificate");
}

TEST_F(BearerTokenTest, AConfirmationThatCannotBeCheckedIsNotPassedOver) {
  const auto thumbprint = crypto::base64UrlEncode(crypto::sha256({}));
  for (const auto& confirmation :
       {std::string{"{}"}, std::string{"null"}, std::string{"\"x\""}, std::string{R"({"jkt":"abc"})"},
        std::string{R"({"x5t#S256":7})"}, std::string{R"({"x5t#S256":"AAAA"})"}, std::string{R"({"x5t#S256":"="})"},
        R"({"jkt":"abc","x5t#S256":")" + thumbprint + "\"}"}) {
    EXPECT_EQ(codeWith({{"cnf", confirmation}}), "identity.token.confirmation") << confirmation;
  }
}

TEST_F(BearerTokenTest, DemandsTheScopesOfThePolicy) {
  auto demanding = policy();
  demanding.scope = "sip:register sip:call";
  const TokenVerifier verifier{demanding, issuerKeys(), bindings_};
  const auto code = [&](const std::string& scope) {
    const auto result = verifier.verify("Bearer " + tokenOf(claimsWith({{"scope", scope}})), {kFlow, {}}, now_);
    return std::string{result ? "ok" : result.error().code};
  };
  EXPECT_EQ(code(R"("openid  sip:call sip:register")"), "ok");
  EXPECT_EQ(code(R"("sip:register sip:callx")"), "identity.token.scope");
  EXPECT_EQ(code("\"\""), "identity.token.scope");
  EXPECT_EQ(code(""), "identity.token.claims");
}

TEST_F(BearerTokenTest, TheBindingsTableFullIsOverloadAndNotARefusal) {
  const TokenVerifier verifier{policy(), issuerKeys(), std::make_shared<TokenBindings>(0)};
  const auto result = verifier.verify("Bearer " + tokenOf(claimsWith()), {kFlow, {}}, now_);
  ASSERT_FALSE(result);
  EXPECT_STREQ(result.error().code, "identity.token.bindings_full");
  EXPECT_EQ(result.error().kind, ErrorKind::overloaded);
}

TEST_F(BearerTokenTest, TheChallengeSaysWhereTokensComeFromAndWhatWasWrong) {
  EXPECT_EQ(verifier_.challenge(), "Bearer realm=\"example.org\"");
  auto talkative = policy();
  talkative.scope = "sip";
  talkative.authz_server = "https://idp.test/authorize";
  const TokenVerifier verifier{talkative, issuerKeys(), bindings_};
  const std::string head = "Bearer realm=\"example.org\", scope=\"sip\", authz_server=\"https://idp.test/authorize\"";
  EXPECT_EQ(verifier.challenge(), head);
  EXPECT_EQ(verifier.challenge(verify(tokenOf("{}")).error()), head + ", error=\"invalid_token\"");
  EXPECT_EQ(verifier.challenge(verify("x").error()), head + ", error=\"invalid_request\"");
  EXPECT_EQ(verifier.challenge(Error{ErrorKind::peerDenied, "identity.token.scope", {}}),
            head + ", error=\"insufficient_scope\"");
}

}  // namespace
}  // namespace sallyport::identity
