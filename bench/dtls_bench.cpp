// SPDX-License-Identifier: Apache-2.0
// What a DTLS-SRTP handshake costs one end, without sockets: thread CPU inside that end's calls only, from making the
// association to having its keys. And what it costs to make the certificate of the day.
#include <benchmark/benchmark.h>

#include <ctime>

#include "media/dtls/test_pair.h"

namespace {

using namespace sallyport;
using media::DtlsAssociation;
using media::testing::DtlsCertificate;
using media::testing::DtlsRole;
using media::testing::newCertificate;

double cpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// An association whose every call is on the meter.
class Metered {
  // Here so that its type is known to what follows.
  template <typename Call>
  auto measured(Call call) {
    const auto begin = cpuSeconds();
    auto result = call();
    seconds_ += cpuSeconds() - begin;
    return result;
  }

 public:
  Metered(const std::shared_ptr<const DtlsCertificate>& own, DtlsRole role, const DtlsCertificate& peer)
      : association_(measured([&] { return *DtlsAssociation::create({.certificate = own, .role = role}); })) {
    measured([&] { return association_.announce({peer.fingerprint()}).ok(); });
  }

  void start(TimePoint now) {
    measured([&] { return association_.start(now), 0; });
  }
  // False when it had nothing to send.
  bool sendTo(Metered& other, TimePoint now) {
    const auto datagrams = measured([&] { return association_.takeOutgoing(); });
    for (const auto& datagram : datagrams) {
      other.measured([&] { return other.association_.onDatagram(datagram, now), 0; });
    }
    return !datagrams.empty();
  }
  bool hasKeys() const { return association_.keys() != nullptr; }
  double seconds() const { return seconds_; }

 private:
  double seconds_ = 0;
  DtlsAssociation association_;
};

void handshake(benchmark::State& state, DtlsRole measured) {
  const auto ours = newCertificate();
  const auto theirs = newCertificate();
  const TimePoint now{std::chrono::hours{1}};
  for (auto _ : state) {
    Metered client{ours, DtlsRole::client, *theirs};
    Metered server{theirs, DtlsRole::server, *ours};
    client.start(now);
    while (client.sendTo(server, now) || server.sendTo(client, now)) continue;
    SP_CHECK(client.hasKeys() && server.hasKeys());
    state.SetIterationTime(measured == DtlsRole::client ? client.seconds() : server.seconds());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(handshake, server, DtlsRole::server)->UseManualTime();
BENCHMARK_CAPTURE(handshake, client, DtlsRole::client)->UseManualTime();

void certificate(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(newCertificate());
}
BENCHMARK(certificate);

}  // namespace
