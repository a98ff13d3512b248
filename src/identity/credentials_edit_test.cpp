// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials_edit.h"

#include <gmock/gmock.h>

#include "identity/digest_test_support.h"

namespace sallyport::identity {
namespace {

using testing::HasSubstr;

const std::string kHash(64, 'a');
const std::string kAlice = "alice@example.org digest-sha-256 example.org " + kHash + "\n";
const std::string kBob = "bob@example.org digest-sha-256 example.org " + kHash + "\n";
const std::string kTrunk7 = "peer:carrier trunk7 digest-sha-256 example.org " + kHash + "\n";
const std::string kTrunk8 = "peer:carrier trunk8 digest-sha-256 example.org " + kHash + "\n";

std::string outcome(const Result<Secret>& text) { return text ? std::string{textOf(*text)} : describe(text.error()); }

TEST(CredentialsEdit, AddsBehindWhatIsThere) {
  EXPECT_EQ(outcome(withCredentials("", {"alice@example.org", ""}, kAlice)), kAlice);
  EXPECT_EQ(outcome(withCredentials("# ours\n" + kBob, {"alice@example.org", ""}, kAlice)), "# ours\n" + kBob + kAlice);
}

TEST(CredentialsEdit, EndsALastLineThatHasNoEnd) {
  EXPECT_EQ(outcome(withCredentials("# ours", {"alice@example.org", ""}, kAlice)), "# ours\n" + kAlice);
}

TEST(CredentialsEdit, RefusesWhomItHasAlready) {
  EXPECT_EQ(outcome(withCredentials(kAlice, {"alice@EXAMPLE.org", ""}, kAlice)),
            "identity.credentials.exists: alice@EXAMPLE.org has credentials already");
  EXPECT_EQ(outcome(withCredentials(kTrunk7, {"peer:carrier", "trunk7"}, kTrunk7)),
            "identity.credentials.exists: peer:carrier trunk7 has credentials already");
  EXPECT_EQ(outcome(withCredentials(kTrunk7, {"peer:carrier", "trunk8"}, kTrunk8)), kTrunk7 + kTrunk8);
}

TEST(CredentialsEdit, RefusesAPeersUsernameThatIsADevicesUser) {
  const auto taken = "peer:carrier alice digest-sha-256 example.org " + kHash + "\n";
  EXPECT_EQ(outcome(withCredentials(kAlice, {"peer:carrier", "alice"}, taken)),
            "identity.credentials.ambiguous: line 2");
}

TEST(CredentialsEdit, RefusesNamesThatAreNone) {
  EXPECT_THAT(outcome(withCredentials("", {"al ice@example.org", ""}, kAlice)),
              HasSubstr("identity.credentials.identity"));
  EXPECT_THAT(outcome(withoutCredentials(kAlice, {"alice", ""})), HasSubstr("identity.credentials.identity"));
  EXPECT_THAT(outcome(withCredentials("", {"peer:carrier", "a\"b"}, kTrunk7)),
              HasSubstr("identity.credentials.username"));
}

TEST(CredentialsEdit, DoesNotTouchAFileThatCanNotBeRead) {
  const auto broken = kAlice + "bob@example.org digest-sha-257 example.org " + kHash + "\n";
  EXPECT_EQ(outcome(withCredentials(broken, {"carol@example.org", ""}, kBob)), "identity.credentials.kind: line 2");
  EXPECT_EQ(outcome(withoutCredentials(broken, {"alice@example.org", ""})), "identity.credentials.kind: line 2");
  EXPECT_STREQ(listCredentials(broken).error().code, "identity.credentials.kind");
}

TEST(CredentialsEdit, TakesAwayAllOfOneAndNothingElse) {
  const auto more = "alice@example.org digest-sha-512-256 example.org " + kHash;  // without an end
  const auto text = "# first\n" + kAlice + "\n# second\n" + kBob + kTrunk7 + more;
  EXPECT_EQ(outcome(withoutCredentials(text, {"alice@example.org", ""})), "# first\n\n# second\n" + kBob + kTrunk7);
}

TEST(CredentialsEdit, TakesAwayOneUsernameOfAPeerOrAll) {
  EXPECT_EQ(outcome(withoutCredentials(kTrunk7 + kAlice + kTrunk8, {"peer:carrier", "trunk7"})), kAlice + kTrunk8);
  EXPECT_EQ(outcome(withoutCredentials(kTrunk7 + kAlice + kTrunk8, {"peer:carrier", ""})), kAlice);
}

TEST(CredentialsEdit, SaysWhenThereIsNobodyToTakeAway) {
  EXPECT_EQ(outcome(withoutCredentials(kAlice, {"bob@example.org", ""})),
            "identity.credentials.absent: bob@example.org has no credentials");
  EXPECT_THAT(outcome(withoutCredentials(kTrunk7, {"peer:other", ""})), HasSubstr("identity.credentials.absent"));
}

TEST(CredentialsEdit, ListsWhoseAndWhatButNoVerifier) {
  const auto entries = listCredentials(kAlice + kTrunk7 + test::lineFor("bob@example.org", "", {}));
  ASSERT_TRUE(entries) << describe(entries.error());
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).whose, "alice@example.org");
  EXPECT_EQ(entries->at(0).kind, "digest-sha-256");
  EXPECT_EQ(entries->at(0).realm, "example.org");
  EXPECT_EQ(entries->at(1).whose, "peer:carrier trunk7");
}

}  // namespace
}  // namespace sallyport::identity
