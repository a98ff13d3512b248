// SPDX-License-Identifier: Apache-2.0
// What digest authentication costs the server: a challenge, reading an answer, and judging one that is right, wrong
// or of nobody. The last two must cost the same.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/secret_text.h"
#include "crypto/hash.h"
#include "identity/digest_server.h"

namespace {

using namespace sallyport;
using namespace sallyport::identity;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr sip::FlowId kFlow{7};
constexpr std::size_t kUsers = 10'000;
constexpr std::size_t kAnswers = 16'384;

Secret secret(std::string_view text) { return Secret{bytesOf(text)}; }

struct House {
  explicit House(DigestAlgorithm used) : algorithm(used) {
    policy.realm = "example.org";
    policy.algorithms = {algorithm};
    CredentialRequest request;
    request.realm = policy.realm;
    request.digests = {algorithm};
    request.scram_iterations = 0;
    std::string text;
    for (std::size_t i = 0; i < kUsers; ++i) {
      request.identity = "user" + std::to_string(i) + "@example.org";
      text += textOf(*credentialLines(request, secret("password")));
    }
    auto parsed = CredentialStore::parse(text, secret("key"));
    SP_CHECK(parsed.ok());
    credentials = *std::move(parsed);
  }

  DigestAnswer answer(const std::string& username, std::string_view password, unsigned count) const {
    char nonce_count[9];
    std::snprintf(nonce_count, sizeof nonce_count, "%08x", count);
    DigestAnswer answer{username, policy.realm, nonce, "sip:example.org", "0a4f113b", "", "", nonce_count, algorithm};
    const auto ha1 = Ha1::of(algorithm, username, policy.realm, secret(password));
    answer.response = digestResponse(ha1, {nonce, nonce_count, answer.cnonce, "REGISTER", answer.uri});
    return answer;
  }

  DigestAlgorithm algorithm;
  DigestPolicy policy;
  Nonces nonces{secret("key")};
  std::string nonce = nonces.issue(kFlow, "example.org", kNow);
  CredentialStore credentials{secret("key")};
};

void verify(benchmark::State& state, const House& house, const std::vector<DigestAnswer>& answers,
            std::string_view outcome) {
  NonceCounts counts;
  DigestServer server{house.nonces, counts};
  std::size_t next = 0;
  for (auto _ : state) {
    const auto proof =
        server.verify(house.policy, house.credentials, answers[next], {"REGISTER", "sip:example.org", kFlow, kNow});
    SP_CHECK((proof ? "" : proof.error().code) == outcome);
    if (++next == answers.size()) {
      next = 0;
      counts = NonceCounts{};
    }
  }
}

void digestVerifyRight(benchmark::State& state) {
  const House house{static_cast<DigestAlgorithm>(state.range(0))};
  std::vector<DigestAnswer> answers;
  for (unsigned i = 1; i <= kAnswers; ++i) answers.push_back(house.answer("user77", "password", i));
  state.SetLabel(std::string{toString(house.algorithm)});
  verify(state, house, answers, "");
}
BENCHMARK(digestVerifyRight)->DenseRange(0, 1);

void digestVerifyWrongPassword(benchmark::State& state) {
  const House house{DigestAlgorithm::sha256};
  verify(state, house, {house.answer("user77", "wrong", 1)}, "identity.digest.wrong");
}
BENCHMARK(digestVerifyWrongPassword);

void digestVerifyUnknownUser(benchmark::State& state) {
  const House house{DigestAlgorithm::sha256};
  verify(state, house, {house.answer("nobody", "wrong", 1)}, "identity.digest.wrong");
}
BENCHMARK(digestVerifyUnknownUser);

void digestChallenge(benchmark::State& state) {
  const House house{DigestAlgorithm::sha256};
  NonceCounts counts;
  const DigestServer server{house.nonces, counts};
  for (auto _ : state) benchmark::DoNotOptimize(server.challenges(house.policy, kFlow, kNow, Freshness::fresh));
}
BENCHMARK(digestChallenge);

void digestParseAnswer(benchmark::State& state) {
  const House house{DigestAlgorithm::sha256};
  const auto text = house.answer("user77", "password", 1).toString();
  for (auto _ : state) benchmark::DoNotOptimize(DigestAnswer::parse(text).ok());
}
BENCHMARK(digestParseAnswer);

}  // namespace
