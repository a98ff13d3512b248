// SPDX-License-Identifier: Apache-2.0
// A header value of digest authentication, or a line of credentials, from a stranger: never a crash, never a
// principal without the password, and whatever is read is written so that it reads the same again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "crypto/hash.h"
#include "identity/digest_server.h"

namespace {

using namespace sallyport;
using namespace sallyport::identity;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view kHash = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

void require(bool held) {
  if (!held) std::abort();
}

Secret secret(std::string_view text) { return Secret{bytesOf(text)}; }

template <typename Field>
void readAndWrite(std::string_view text) {
  const auto field = Field::parse(text);
  if (!field) return;
  const auto written = field->toString();
  const auto again = Field::parse(written);
  require(again.ok() && again->toString() == written);
}

// Nobody knows the password, least of all the fuzzer.
void judge(std::string_view text) {
  const auto answer = DigestAnswer::parse(text);
  if (!answer) return;
  require(answer->count() > 0);
  static const auto credentials =
      *CredentialStore::parse("alice@example.org digest-sha-256 example.org " + std::string{kHash}, secret("key"));
  static const Nonces nonces{secret("key")};
  NonceCounts counts;
  DigestServer server{nonces, counts};
  DigestPolicy policy;
  policy.realm = "example.org";
  policy.algorithms.push_back(DigestAlgorithm::md5);
  require(!server.verify(policy, credentials, *answer, {"REGISTER", answer->uri, sip::FlowId{7}, kNow}).ok());
  require(counts.size() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  readAndWrite<DigestAnswer>(text);
  readAndWrite<DigestChallenge>(text);
  judge(text);
  if (const auto info = DigestInfo::parse(text)) (void)info->toString();
  (void)isDigestUriOf(text, "sip:bob@example.org;transport=tls", "INVITE");
  (void)CredentialStore::parse(text, secret("key"));
  return 0;
}
