// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shared by the tests of the Authenticator: requests with credentials, and principals as a handshake makes them.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "crypto/peer_directory.h"
#include "crypto/test_certificates.h"
#include "identity/authenticator.h"
#include "identity/digest_test_support.h"

namespace sallyport::identity::test {

// The certificates of alice@example.org, a device, and of the peer "carrier".
inline Principal certified(std::string_view who) {
  using namespace crypto::testing;
  const auto ca = make(caSpec("Test CA"));
  std::vector<crypto::PeerEntry> peers(1);
  peers[0].name = "carrier";
  peers[0].identities = {{crypto::SanKind::dns, "sbc.carrier.test"}};
  peers[0].anchors = anchorsOf(ca);
  crypto::DeviceRule devices;
  devices.anchors = anchorsOf(ca);
  devices.domain = "example.org";
  const auto directory = *crypto::PeerDirectory::build(peers, devices);
  Spec spec;
  spec.name = who;
  spec.sans = who == "carrier" ? "DNS:sbc.carrier.test" : "URI:sip:" + std::string{who};
  const auto leaf = make(spec, &ca);
  const auto proof = directory->identify(leaf.certificate, {}, crypto::PeerRole::client, kNow);
  EXPECT_TRUE(proof) << describe(proof.error());
  return Principal::fromCertificate(*proof);
}

inline sip::Message request(std::string_view method, const std::vector<std::string>& authorizations) {
  std::string text = std::string{method} +
                     " sip:example.org SIP/2.0\r\n"
                     "Via: SIP/2.0/TLS phone.example.org:5061;branch=z9hG4bK74bf9\r\nMax-Forwards: 70\r\n"
                     "From: <sip:alice@example.org>;tag=1\r\nTo: <sip:alice@example.org>\r\n"
                     "Call-ID: 1@phone.example.org\r\nCSeq: 1 " +
                     std::string{method} + "\r\n";
  for (const auto& value : authorizations) text += "Authorization: " + value + "\r\n";
  auto message = sip::Message::parse(text + "Content-Length: 0\r\n\r\n");
  EXPECT_TRUE(message) << describe(message.error());
  return *std::move(message);
}

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    policy_.any_of = {{Proof::digest}};
    policy_.digest.realm = kRealm;
    policy_.credentials = credentials();
  }

  Outcome authenticate(const std::vector<std::string>& authorizations, std::string_view method = "REGISTER") {
    const auto message = request(method, authorizations);
    return authenticator_.authenticate({flow_, message, established_, fingerprint_, now_, TimePoint{}}, policy_);
  }
  // What a phone answers to a challenge of this moment.
  std::string digest(const std::string& username, std::string_view password = kPassword) {
    DigestAnswer fields;
    fields.username = username;
    fields.nonce = nonces_.issue(flow_, kRealm, now_);
    fields.algorithm = DigestAlgorithm::sha256;
    return answered(fields, "REGISTER", password).toString();
  }

  Principal principalFrom(const Outcome& outcome) {
    const auto* authenticated = std::get_if<Authenticated>(&outcome);
    EXPECT_NE(authenticated, nullptr) << refusal(outcome);
    return authenticated != nullptr ? authenticated->principal : Principal::fromSourceNetwork("nobody");
  }
  Challenge challengeFrom(const Outcome& outcome) {
    const auto* challenge = std::get_if<Challenge>(&outcome);
    EXPECT_NE(challenge, nullptr) << refusal(outcome);
    return challenge != nullptr ? *challenge : Challenge{};
  }
  static std::string refusal(const Outcome& outcome) {
    const auto* refused = std::get_if<Refused>(&outcome);
    return refused != nullptr ? std::to_string(refused->status) + " " + refused->error.code : "";
  }

  WallTime now_ = kNoon;
  sip::FlowId flow_ = kFlow;
  std::optional<Principal> established_;
  std::string fingerprint_;
  Nonces nonces_{secret("key")};
  Authenticator authenticator_{nonces_};
  AuthenticationPolicy policy_;
};

}  // namespace sallyport::identity::test
