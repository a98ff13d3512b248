// SPDX-License-Identifier: Apache-2.0
// Project Wycheproof's tokens: what was signed for a key and an algorithm of ours opens, all that was bent does not.
#include "identity/compact_jws.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "crypto/encoding.h"
#include "identity/strict_json.h"

namespace sallyport::identity {
namespace {

namespace json = boost::json;

std::string corpus(const std::string& name) {
  const char* configured = std::getenv("SALLYPORT_CORPORA");
  const std::string root =
      configured != nullptr ? configured : std::string{SALLYPORT_SOURCE_DIR} + "/../shared/corpora";
  std::ifstream file{root + "/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string codeOf(const json::value& jwk, std::string_view token) {
  const auto keys = parseJwks("{\"keys\":[" + json::serialize(jwk) + "]}");
  if (!keys) return keys.error().code;
  const auto opened = openCompactJws(token, **keys);
  return opened ? "ok" : opened.error().code;
}

// Whether the token's algorithm and, where it names one, the key's are among ours.
bool isOurs(const json::value& jwk, std::string_view token) {
  const auto bytes = crypto::base64UrlDecode(token.substr(0, token.find('.')));
  const auto header = parseJsonObject({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  const auto* of_key = jwk.as_object().if_contains("alg");
  return crypto::jwsAlgorithmFrom(*header->find("alg")->text()) &&
         (of_key == nullptr || crypto::jwsAlgorithmFrom(std::string{of_key->as_string()}));
}

TEST(CompactJwsTest, AgreesWithWycheproof) {
  const auto text = corpus("wycheproof/json_web_signature_test.json");
  if (text.empty()) GTEST_SKIP() << "no corpora here: set SALLYPORT_CORPORA";
  const auto document = json::parse(text);
  int opened = 0;
  for (const auto& group : document.at("testGroups").as_array()) {
    const auto* jwk = group.as_object().if_contains("public");
    if (jwk == nullptr) continue;  // a shared secret
    for (const auto& test : group.at("tests").as_array()) {
      const std::string token{test.at("jws").as_string()};
      const bool valid = test.at("result").as_string() == "valid" && isOurs(*jwk, token);
      const auto code = codeOf(*jwk, token);
      EXPECT_EQ(code == "ok", valid) << test.at("tcId") << " " << test.at("comment") << " " << code;
      opened += valid ? 1 : 0;
    }
  }
  EXPECT_EQ(opened, 16);
}

}  // namespace
}  // namespace sallyport::identity
