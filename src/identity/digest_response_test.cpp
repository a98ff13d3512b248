// SPDX-License-Identifier: Apache-2.0
// The arithmetic against published vectors: RFC 7616 3.9.1, and 3.9.2 as erratum 4897 corrects it.
#include "identity/digest_response.h"

#include <gtest/gtest.h>

#include "core/test_corpus.h"
#include "identity/digest_test_support.h"

namespace sallyport::identity {
namespace {

using test::secret;

TEST(DigestResponse, IsThatOfRfc7616InEveryCaseOfTheCorpus) {
  const auto json = sallyport::test::corpus("vectors/rfc7616-digest.json");
  if (!json) GTEST_SKIP() << "corpus vectors/rfc7616-digest.json is not here; set SALLYPORT_CORPORA";
  unsigned cases = 0;
  for (auto at = json->find("\"username\""); at != std::string::npos; at = json->find("\"username\"", at + 1)) {
    const auto one = json->substr(at, json->find('}', at) - at);
    const auto member = [&one](const std::string& name) { return sallyport::test::jsonText(one, "username", name); };
    const auto algorithm = digestAlgorithmFrom(member("algorithm"));
    ASSERT_TRUE(algorithm);
    const auto ha1 = Ha1::of(*algorithm, member("username"), member("realm"), secret(member("password")));
    EXPECT_EQ(digestResponse(ha1, {member("nonce"), member("nc"), member("cnonce"), member("method"), member("uri")}),
              member("response"));
    ++cases;
  }
  EXPECT_EQ(cases, 2u);
}

TEST(DigestResponse, OfSha512256IsThatOfErratum4897) {
  const auto ha1 =
      Ha1::of(DigestAlgorithm::sha512_256, "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", secret("Secret, or not?"));
  EXPECT_EQ(digestResponse(ha1, {"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "00000001",
                                 "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "GET", "/doe.json"}),
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
}

TEST(DigestResponse, ChangesWithEveryPartOfTheRequest) {
  const auto ha1 = Ha1::of(DigestAlgorithm::sha256, "alice", "example.org", secret("a"));
  const DigestInput input{"n", "00000001", "c", "REGISTER", "sip:example.org"};
  const auto response = digestResponse(ha1, input);
  auto other = input;
  other.nonce_count = "00000002";
  EXPECT_NE(digestResponse(ha1, other), response);
  other = input;
  other.method = "INVITE";
  EXPECT_NE(digestResponse(ha1, other), response);
  other = input;
  other.uri = "sip:example.com";
  EXPECT_NE(digestResponse(ha1, other), response);
}

}  // namespace
}  // namespace sallyport::identity
