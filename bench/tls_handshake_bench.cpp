// SPDX-License-Identifier: Apache-2.0
// What a full mutual TLS handshake costs the server, without sockets: thread CPU inside the server's calls only,
// the client's half is not counted. Verification with and without the cache of verified chains.
#include <benchmark/benchmark.h>

#include <ctime>

#include "crypto/test_certificates.h"
#include "crypto/tls_context.h"

namespace {

using namespace sallyport;
using namespace sallyport::crypto;
using crypto::testing::anchorsOf;
using crypto::testing::caSpec;
using crypto::testing::identityOf;
using crypto::testing::make;

enum class Cache { warm, cold };

double cpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Bench {
  explicit Bench(const std::string& key) {
    ca = std::make_unique<crypto::testing::Made>(make(caSpec("Bench CA")));
    edge = std::make_unique<crypto::testing::Made>(make({.sans = "DNS:edge.example.org", .key = key}, ca.get()));
    phone = std::make_unique<crypto::testing::Made>(make({.sans = "URI:sip:alice@example.org"}, ca.get()));
    server = *TlsServerContext::create({.identities = {identityOf(*edge)}, .peers = devices(), .clock = &clock});
    client = *TlsClientContext::create(
        {.identity = identityOf(*phone),
         .peers = *PeerDirectory::build({PeerEntry{
             .name = "edge", .identities = {{SanKind::dns, "edge.example.org"}}, .anchors = anchorsOf(*ca)}}),
         .clock = &clock});
  }
  std::shared_ptr<const PeerDirectory> devices() const {
    return *PeerDirectory::build({}, DeviceRule{.anchors = anchorsOf(*ca), .domain = "example.org"});
  }

  FakeClock clock;
  std::unique_ptr<crypto::testing::Made> ca, edge, phone;
  std::unique_ptr<TlsServerContext> server;
  std::unique_ptr<TlsClientContext> client;
};

// Returns the server's CPU seconds, from SSL_new to a proven peer.
double handshake(const TlsServerContext& server_context, SslPtr client) {
  BIO* one = nullptr;
  BIO* other = nullptr;
  BIO_new_bio_pair(&one, 16384, &other, 16384);
  SSL_set_bio(client.get(), other, other);
  double spent = -cpuSeconds();
  auto server = *server_context.newSession();
  SSL_set_bio(server.get(), one, one);
  spent += cpuSeconds();
  bool proven = false;
  for (int turn = 0; turn < 8 && !proven; ++turn) {
    SSL_do_handshake(client.get());
    spent -= cpuSeconds();
    if (SSL_do_handshake(server.get()) == 1) proven = peerOf(server.get()).ok();
    spent += cpuSeconds();
  }
  SP_CHECK(proven);
  spent -= cpuSeconds();
  server.reset();
  return spent + cpuSeconds();
}

void serverHandshake(benchmark::State& state, const std::string& key, int version, Cache cache) {
  const Bench bench{key};
  for (auto _ : state) {
    if (cache == Cache::cold) bench.server->replacePeers(bench.devices());
    auto client = *bench.client->newSession();
    SSL_set_max_proto_version(client.get(), version);
    state.SetIterationTime(handshake(*bench.server, std::move(client)));
  }
}

BENCHMARK_CAPTURE(serverHandshake, tls13_p256_cached, "P-256", TLS1_3_VERSION, Cache::warm)->UseManualTime();
BENCHMARK_CAPTURE(serverHandshake, tls13_p256_uncached, "P-256", TLS1_3_VERSION, Cache::cold)->UseManualTime();
BENCHMARK_CAPTURE(serverHandshake, tls12_p256_cached, "P-256", TLS1_2_VERSION, Cache::warm)->UseManualTime();
BENCHMARK_CAPTURE(serverHandshake, tls13_rsa2048_cached, "RSA-2048", TLS1_3_VERSION, Cache::warm)->UseManualTime();

// Verification alone: what the cache saves.
void identify(benchmark::State& state, Cache cache) {
  const Bench bench{"P-256"};
  auto peers = bench.devices();
  for (auto _ : state) {
    if (cache == Cache::cold) {
      state.PauseTiming();
      peers = bench.devices();
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(peers->identify(bench.phone->certificate, {}, PeerRole::client, bench.clock.wall()));
  }
}
BENCHMARK_CAPTURE(identify, cached, Cache::warm);
BENCHMARK_CAPTURE(identify, uncached, Cache::cold);

}  // namespace
