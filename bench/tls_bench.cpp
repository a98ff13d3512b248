// SPDX-License-Identifier: Apache-2.0
// What the accepting side of mutual TLS costs: CPU per handshake, and memory per idle connection. A child
// process plays the peers, so that neither its time nor its memory is counted.

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "crypto/test_certificates.h"
#include "crypto/tls_context.h"
#include "net/tls_dialer.h"
#include "net/tls_listener.h"

namespace sallyport::net {
namespace {

namespace certificates = crypto::testing;

constexpr auto kLimit = std::chrono::seconds{20};  // for either side

// An edge and a peer that know one another.
struct Acquaintance {
  Acquaintance() {
    const auto ca = certificates::make(certificates::caSpec("Bench CA"));
    const auto anchors = certificates::anchorsOf(ca);
    const auto known = [&](const char* name, const char* dns) {
      crypto::PeerEntry entry;
      entry.name = name;
      entry.identities = {{crypto::SanKind::dns, dns}};
      entry.anchors = anchors;
      return *crypto::PeerDirectory::build({entry});
    };
    const auto named = [&](const char* name) {
      certificates::Spec spec;
      spec.name = name;
      spec.sans = "DNS:" + std::string{name};
      return certificates::identityOf(certificates::make(spec, &ca));
    };
    server = *crypto::TlsServerContext::create(
        {.identities = {named("edge.example.net")}, .peers = known("core", "core.example.net"), .clock = &wall});
    client = *crypto::TlsClientContext::create({.identity = named("core.example.net"),
                                                .peers = known("edge", "edge.example.net"),
                                                .clock = &wall,
                                                .server_name = "edge.example.net"});
  }
  FakeClock wall;  // at which the certificates are valid
  std::shared_ptr<const crypto::TlsServerContext> server;
  std::shared_ptr<const crypto::TlsClientContext> client;
};

class Keeper final : public TlsListenerObserver {
 public:
  void onConnection(std::unique_ptr<TlsConnection> connection) override { open.push_back(std::move(connection)); }
  void onRefused(const Endpoint&, const Error& reason) override { trouble(reason); }
  void onHandshakeFailed(const Endpoint&, const Error& reason) override { trouble(reason); }
  std::vector<std::unique_ptr<TlsConnection>> open;

 private:
  void trouble(const Error& reason) { std::fprintf(stderr, "%s\n", describe(reason).c_str()); }
};

struct Mute final : TlsHandler {
  void onBytes(std::string_view) override {}
  void onClosed(const Error&) override {}
};

// Dials `count` times, a few at once, and keeps the connections until its parent closes the pipe.
[[noreturn]] void playPeers(const Endpoint& edge, std::shared_ptr<const crypto::TlsClientContext> context,
                            std::size_t count, int until_closed) {
  constexpr std::size_t kAtOnce = 8;
  const SystemClock clock;
  auto loop = *Loop::create(clock);
  std::vector<std::unique_ptr<Dial>> dials;
  std::vector<std::unique_ptr<TlsConnection>> open;
  const auto give_up = clock.steady() + kLimit;
  while (open.size() < count && clock.steady() < give_up) {
    while (dials.size() < count && dials.size() < open.size() + kAtOnce) {
      dials.push_back(Dial::start(*loop, {{edge}, context}, {}, [&open](auto result) {
        if (result) open.push_back(*std::move(result));
      }));
    }
    loop->turn(std::chrono::milliseconds{10});
  }
  char nothing = 0;
  [[maybe_unused]] const auto ended = ::read(until_closed, &nothing, 1);
  _exit(open.size() == count ? 0 : 1);
}

struct Child {
  Child(const Endpoint& edge, const Acquaintance& acquaintance, std::size_t count) {
    int ends[2];
    SP_CHECK(::pipe(ends) == 0);
    pid = ::fork();
    SP_CHECK(pid >= 0);
    if (pid == 0) {
      ::close(ends[1]);
      playPeers(edge, acquaintance.client, count, ends[0]);
    }
    ::close(ends[0]);
    release = Fd{ends[1]};
  }
  ~Child() {
    release.reset();
    ::waitpid(pid, nullptr, 0);
  }
  pid_t pid = 0;
  Fd release;
};

double threadCpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void acceptMutualTls(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const Acquaintance acquaintance;
  const SystemClock clock;
  Mute mute;
  for ([[maybe_unused]] auto _ : state) {
    auto loop = *Loop::create(clock);
    Keeper keeper;
    keeper.open.reserve(count);
    TlsListenerLimits limits;
    limits.half_open.per_source_rate = 1e6;
    limits.half_open.per_source_burst = 1e6;
    limits.deadlines.first_byte = kLimit;
    auto listener = *TlsListener::listen(*loop, {IpAddress::v4({127, 0, 0, 1}), 0}, PortSharing::exclusive,
                                         acquaintance.server, limits, keeper);
    SP_CHECK(listener->start().ok());
    const Child peers{listener->local(), acquaintance, count};
    const auto memory = mallinfo2();
    const auto cpu = threadCpu();
    const auto give_up = clock.steady() + kLimit;
    std::size_t given = 0;
    while (keeper.open.size() < count && clock.steady() < give_up) {
      loop->turn(std::chrono::milliseconds{10});
      for (; given < keeper.open.size(); ++given) keeper.open[given]->setHandler(mute);
    }
    const auto spent = threadCpu() - cpu;
    for (int i = 0; i < 10; ++i) loop->turn(std::chrono::milliseconds{1});
    const auto after = mallinfo2();
    const auto connections = static_cast<double>(std::max<std::size_t>(keeper.open.size(), 1));
    state.SetIterationTime(spent);
    state.counters["us_per_handshake"] = spent * 1e6 / connections;
    state.counters["bytes_per_idle_connection"] =
        (static_cast<double>(after.uordblks) - static_cast<double>(memory.uordblks)) / connections;
    state.counters["connections"] = connections;
  }
}
BENCHMARK(acceptMutualTls)->Arg(1'000)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sallyport::net
