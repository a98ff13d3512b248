// SPDX-License-Identifier: Apache-2.0
// The primitives on their own: AES-GCM as SRTP uses it against Wycheproof, HMAC-SHA1 against RFC 2202.
#include <algorithm>

#include "media/hmac_sha1.h"
#include "media/media_test_support.h"
#include "media/srtp_transform.h"

namespace sallyport::media {
namespace {

using test::Buffer;
using test::fromHex;
using test::toHex;

// A JSON object without objects inside, as text.
std::string objectAt(const std::string& json, std::size_t at) { return json.substr(at, json.find('}', at) - at); }

std::string member(const std::string& object, const std::string& name) { return test::jsonText(object, name, name); }

Result<std::unique_ptr<SrtpTransform>> transformFor(const Buffer& key, const Buffer& iv, CipherUse use) {
  // With SSRC and index zero the IV is the session salt (RFC 7714 8.1).
  return gcmTransform({Secret{Bytes{key}}, Secret{Bytes{iv}}}, {Secret{Bytes{key}}, Secret{Bytes{iv}}}, use);
}

TEST(Wycheproof, AesGcmSealsAndOpensWhatIsValidAndRefusesTheRest) {
  const auto json = test::corpus("wycheproof/aes_gcm_test.json");
  if (!json) GTEST_SKIP() << "corpus wycheproof/aes_gcm_test.json is not here; set SALLYPORT_CORPORA";
  int valid = 0, invalid = 0;
  for (auto at = json->find("\"tcId\""); at != std::string::npos; at = json->find("\"tcId\"", at + 1)) {
    const auto object = objectAt(*json, at);
    const auto key = fromHex(member(object, "key")), iv = fromHex(member(object, "iv"));
    if (iv.size() != 12 || (key.size() != 16 && key.size() != 32)) continue;  // not what SRTP has
    const auto aad = fromHex(member(object, "aad")), message = fromHex(member(object, "msg"));
    const auto cipher = fromHex(member(object, "ct")), tag = fromHex(member(object, "tag"));

    Buffer buffer = aad;
    buffer.insert(buffer.end(), cipher.begin(), cipher.end());
    buffer.insert(buffer.end(), tag.begin(), tag.end());
    const CipherJob job{buffer.data(), aad.size(), aad.size() + message.size(), 0, 0};
    auto opener = transformFor(key, iv, CipherUse::open);
    const auto before = buffer;
    if (member(object, "result") == "invalid") {
      EXPECT_FALSE((*opener)->openRtp(job)) << object;
      EXPECT_EQ(buffer, before);
      ++invalid;
      continue;
    }
    ASSERT_TRUE((*opener)->openRtp(job)) << object;
    EXPECT_TRUE(std::equal(message.begin(), message.end(), job.payload()));
    auto sealer = transformFor(key, iv, CipherUse::seal);
    ASSERT_TRUE((*sealer)->sealRtp(job));
    EXPECT_EQ(buffer, before);
    ++valid;
  }
  EXPECT_GT(valid, 60);
  EXPECT_GT(invalid, 30);
}

struct HmacCase {
  const char* key;
  const char* data;
  const char* digest;
};

// RFC 2202 3, the cases whose key is within one block.
class Rfc2202 : public ::testing::TestWithParam<HmacCase> {};

TEST_P(Rfc2202, IsReproducedHoweverTheMessageIsCut) {
  const HmacSha1 hmac{fromHex(GetParam().key)};
  const auto data = fromHex(GetParam().data);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    EXPECT_EQ(toHex(hmac.over(Bytes{data}.first(cut), Bytes{data}.subspan(cut))), GetParam().digest);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Rfc2202,
                         ::testing::Values(HmacCase{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
                                                    "b617318655057264e28bc0b6fb378c8ef146be00"},
                                           HmacCase{"4a656665",
                                                    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
                                                    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"}));

}  // namespace
}  // namespace sallyport::media
