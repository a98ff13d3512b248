// SPDX-License-Identifier: Apache-2.0
// A leg's port under a script: datagrams of anybody's making, genuine checks and genuine DTLS from right and wrong
// places, restarts, and time. Nobody is spoken to who has not authenticated, ICE chooses nobody else, and keys are
// those of the phone whose certificate was announced.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/check.h"
#include "crypto/hash.h"
#include "media/dtls/test_pair.h"
#include "media/leg_transport.h"
#include "media/stun/message_writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;
using media::testing::DtlsRole;

constexpr std::size_t kMostSteps = 64, kLongestInvention = 400;
constexpr std::string_view kPassword = "passwordpasswordpassword";
const std::array kPlaces{*Endpoint::parse("10.9.8.7:40000"), *Endpoint::parse("10.9.8.9:50000"),
                         *Endpoint::parse("203.0.113.66:6000")};

// Made once: making one costs more than a handshake.
struct Certificates {
  std::shared_ptr<const crypto::DtlsCertificate> ours = media::testing::newCertificate();
  std::shared_ptr<const crypto::DtlsCertificate> phone = media::testing::newCertificate();
};
const Certificates& certificates() {
  static const Certificates made;
  return made;
}

ice::Credentials credentialsOf(const std::string& ufrag) { return {ufrag, Secret{bytesOf(kPassword)}}; }

std::vector<std::uint8_t> check(const std::string& ufrag, bool nominate) {
  std::array<std::uint8_t, 512> buffer;
  stun::MessageWriter writer{buffer, stun::Class::request, stun::kBinding, stun::newTransactionId()};
  writer.username(ufrag + ":peer");
  writer.priority(0x6E0001FF);
  writer.controlling(7);
  if (nominate) writer.useCandidate();
  writer.integrity(stun::IntegrityKey{bytesOf(kPassword)}, stun::Integrity::sha1);
  writer.fingerprint();
  return {writer.written().begin(), writer.written().end()};
}

struct Scene {
  Scene() {
    leg.openIce(credentialsOf(ufrag), *Endpoint::parse("192.0.2.1:30000"));
    SP_CHECK(leg.await({.certificate = certificates().ours, .role = DtlsRole::server}).ok());
    SP_CHECK(phone.announce({certificates().ours->fingerprint()}).ok());
    phone.start(now);
  }
  void hear(const Endpoint& from, Bytes datagram) {
    (void)leg.onDatagram(from, datagram, now);
    settle();
  }
  void settle() {
    for (const auto& [to, datagram] : leg.takeOutgoing()) {
      SP_CHECK(std::find(authenticated.begin(), authenticated.end(), to) != authenticated.end());
      if (to == kPlaces[0]) phone.onDatagram(datagram, now);
    }
    if (const auto path = leg.path(now))
      SP_CHECK(std::find(authenticated.begin(), authenticated.end(), *path) != authenticated.end());
    if (const auto* keys = leg.keys()) {
      SP_CHECK(announced);
      SP_CHECK(phone.keys() == nullptr || keys->send() == phone.keys()->receive());
    }
  }

  LegTransport leg;
  DtlsAssociation phone = *DtlsAssociation::create({.certificate = certificates().phone, .role = DtlsRole::client});
  TimePoint now{std::chrono::hours{1}};
  std::string ufrag = "edge";
  unsigned restarts = 0;
  bool announced = false;
  std::vector<Endpoint> authenticated;
};

void step(Scene& scene, FuzzedDataProvider& script) {
  const auto& place = kPlaces[script.ConsumeIntegralInRange<std::size_t>(0, kPlaces.size() - 1)];
  switch (script.ConsumeIntegralInRange(0, 5)) {
    case 0:
      return scene.hear(
          place, script.ConsumeBytes<std::uint8_t>(script.ConsumeIntegralInRange<std::size_t>(0, kLongestInvention)));
    case 1: scene.authenticated.push_back(place); return scene.hear(place, check(scene.ufrag, script.ConsumeBool()));
    case 2:
      for (const auto& datagram : scene.phone.takeOutgoing()) scene.hear(place, datagram);
      return;
    case 3:
      scene.now += std::chrono::milliseconds{script.ConsumeIntegralInRange(0, 40'000)};
      scene.leg.advance(scene.now);
      scene.phone.onTime(scene.now);
      return scene.settle();
    case 4:
      scene.ufrag = "edg" + std::to_string(++scene.restarts);
      scene.leg.openIce(credentialsOf(scene.ufrag), *Endpoint::parse("192.0.2.1:30000"));
      return scene.settle();
    default:
      if (std::exchange(scene.announced, true)) return;
      SP_CHECK(scene.leg
                   .associate({{.certificate = certificates().ours, .role = DtlsRole::server},
                               {certificates().phone->fingerprint()}},
                              scene.now)
                   .ok());
      return scene.settle();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider script{data, size};
  Scene scene;
  for (std::size_t steps = 0; steps < kMostSteps && script.remaining_bytes() > 0; ++steps) step(scene, script);
  return 0;
}
