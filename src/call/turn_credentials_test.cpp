// SPDX-License-Identifier: Apache-2.0
#include "call/turn_credentials.h"

#include <gmock/gmock.h>

#include "crypto/hash.h"

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;

const TurnCredentials& credentials() {
  static const TurnCredentials made{
      {"turns:turn.example.org:443?transport=tcp", "turn:turn.example.org"}, Secret{bytesOf("north")}, 1h};
  return made;
}

// The password: openssl dgst -sha1 -hmac north -binary <<< (the user name without its newline) | base64.
TEST(TurnCredentials, AreWhatTheServerComputesOfTheSharedSecret) {
  EXPECT_EQ(
      credentials().documentFor("alice@example.org", WallTime{1'800'000'000s}),
      R"({"ice_servers":[{"urls":["turns:turn.example.org:443?transport=tcp","turn:turn.example.org"],)"
      R"("username":"1800003600:alice@example.org","credential":"JpS2v/m/gs2PK+HAbiFVn//RI8I="}],"lifetime":3600})");
}

TEST(TurnCredentials, DifferByPrincipalAndTime) {
  const auto alice = credentials().documentFor("alice@example.org", WallTime{1s});
  EXPECT_NE(alice, credentials().documentFor("bob@example.org", WallTime{1s}));
  EXPECT_NE(alice, credentials().documentFor("alice@example.org", WallTime{2s}));
}

TEST(TurnCredentials, ASecretThatIsNotThereIsSaid) {
  const auto loaded = TurnCredentials::load({{"turn:turn.example.org"}, "/nonexistent/turn.secret", 1h});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().kind, ErrorKind::misconfigured);
}

}  // namespace
}  // namespace sallyport::call
