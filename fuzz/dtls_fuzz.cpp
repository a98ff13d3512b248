// SPDX-License-Identifier: Apache-2.0
// Hostile datagrams in a DTLS-SRTP handshake. The input is a script for the network between a client and a server of
// ours: it carries, damages, repeats, invents and withholds datagrams and lets time pass. Whatever it does, keys exist
// only where the announced certificate was shown, both ends then have the same, a server that has proven nothing
// sends no more than it may, and a client whose certificate was not announced never gets keys out of it.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <vector>

#include "core/check.h"
#include "media/dtls/record.h"
#include "media/dtls/test_pair.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;
using media::testing::Datagram;
using media::testing::DtlsCertificate;
using media::testing::DtlsRole;

constexpr std::size_t kMostSteps = 48;
constexpr std::size_t kLongestInvention = 600;

// Made once: making one costs more than a handshake.
struct Certificates {
  std::shared_ptr<const DtlsCertificate> client = media::testing::newCertificate();
  std::shared_ptr<const DtlsCertificate> server = media::testing::newCertificate();
  std::shared_ptr<const DtlsCertificate> other = media::testing::newCertificate();
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

struct Scene {
  DtlsAssociation client = *DtlsAssociation::create({.certificate = certificates().client, .role = DtlsRole::client});
  DtlsAssociation server = *DtlsAssociation::create({.certificate = certificates().server, .role = DtlsRole::server});
  TimePoint now{std::chrono::hours{1}};
  std::vector<Datagram> to_server, to_client, seen;
  std::size_t server_heard = 0, server_sent = 0, first_flight = 0;

  void collect() {
    for (auto& datagram : client.takeOutgoing()) to_server.push_back(std::move(datagram));
    std::size_t sent = 0;
    for (auto& datagram : server.takeOutgoing()) {
      sent += datagram.size();
      to_client.push_back(std::move(datagram));
    }
    if (server_sent == 0) first_flight = sent;
    server_sent += sent;
    if (server.state() == DtlsState::handshaking) {
      SP_CHECK(server_sent <= std::max(first_flight, DtlsAssociation::kAmplification * server_heard));
    }
  }

  void give(DtlsRole whom, Bytes datagram) {
    if (whom == DtlsRole::server) server_heard += datagram.size();
    (whom == DtlsRole::server ? server : client).onDatagram(datagram, now);
    collect();
  }
};

Datagram invented(FuzzedDataProvider& script) {
  auto fragment = script.ConsumeBytes<std::uint8_t>(script.ConsumeIntegralInRange<std::size_t>(0, kLongestInvention));
  if (script.ConsumeBool()) return fragment;
  Datagram record(kDtlsRecordHeaderBytes);
  record[0] = static_cast<std::uint8_t>(20 + script.ConsumeIntegralInRange<int>(0, 3));
  record[1] = 0xFE;
  record[2] = 0xFD;
  storeBe16(&record[3], script.ConsumeIntegralInRange<std::uint16_t>(0, 2));
  record[10] = script.ConsumeIntegral<std::uint8_t>();
  storeBe16(&record[11], static_cast<std::uint16_t>(fragment.size()));
  record.insert(record.end(), fragment.begin(), fragment.end());
  return record;
}

void damage(FuzzedDataProvider& script, Datagram& datagram) {
  for (int i = script.ConsumeIntegralInRange<int>(1, 4); i > 0 && !datagram.empty(); --i) {
    const auto at = script.ConsumeIntegralInRange<std::size_t>(0, datagram.size() - 1);
    if (script.ConsumeBool()) {
      datagram[at] ^= script.ConsumeIntegral<std::uint8_t>();
    } else {
      datagram.resize(at);
    }
  }
}

void deliver(FuzzedDataProvider& script, Scene& scene, DtlsRole whom) {
  auto& queue = whom == DtlsRole::server ? scene.to_server : scene.to_client;
  if (queue.empty()) return;
  const auto at = script.ConsumeIntegralInRange<std::size_t>(0, queue.size() - 1);
  auto datagram = std::move(queue[at]);
  queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(at));
  scene.seen.push_back(datagram);
  if (script.ConsumeIntegralInRange<int>(0, 3) == 0) damage(script, datagram);
  scene.give(whom, datagram);
}

void step(FuzzedDataProvider& script, Scene& scene) {
  const auto whom = script.ConsumeBool() ? DtlsRole::server : DtlsRole::client;
  switch (script.ConsumeIntegralInRange<int>(0, 6)) {
    case 0: scene.give(whom, invented(script)); break;
    case 1:
      scene.now += std::chrono::milliseconds{script.ConsumeIntegralInRange<int>(0, 4'000)};
      scene.client.onTime(scene.now);
      scene.server.onTime(scene.now);
      scene.collect();
      break;
    case 2:
      if (scene.seen.empty()) break;
      scene.give(whom, scene.seen[script.ConsumeIntegralInRange<std::size_t>(0, scene.seen.size() - 1)]);
      break;
    default: deliver(script, scene, whom);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider script{data, size};
  Scene scene;
  const bool impostor = script.ConsumeBool();
  const auto& announced = impostor ? certificates().other : certificates().client;
  const bool late = script.ConsumeBool();
  const auto announceClient = [&] { return scene.server.announce({announced->fingerprint()}); };
  if (!late) SP_CHECK(announceClient().ok());
  SP_CHECK(scene.client.announce({certificates().server->fingerprint()}).ok());
  scene.client.start(scene.now);
  scene.collect();
  for (std::size_t i = 0; i < kMostSteps && script.remaining_bytes() > 0; ++i) step(script, scene);
  if (late) {
    SP_CHECK(scene.server.keys() == nullptr);
    SP_CHECK(announceClient().ok());
  }
  SP_CHECK(!impostor || scene.server.keys() == nullptr);
  if (scene.server.keys() != nullptr && scene.client.keys() != nullptr) {
    SP_CHECK(scene.server.keys()->send() == scene.client.keys()->receive());
    SP_CHECK(scene.server.keys()->receive() == scene.client.keys()->send());
  }
  return 0;
}
