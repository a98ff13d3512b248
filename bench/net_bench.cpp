// SPDX-License-Identifier: Apache-2.0
// What a relayed datagram costs the thread that relays it (its own CPU time, the kernel's share included),
// with many sockets of which each sees few datagrams: the shape of a media relay. A second thread plays the
// phones, evenly spaced. `raw` variants call the system directly and show what each idea is worth by itself;
// `MediaSockets` is what the edge runs. Counters: ns_per_datagram, datagrams_per_wakeup, lost_percent.
//
// Also: what timers and posts cost.

#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "net/loop.h"
#include "net/media_sockets.h"
#include "net/udp_socket.h"

namespace sallyport::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kDatagram = 172;  // 20 ms of G.711 in RTP
constexpr auto kRun = std::chrono::milliseconds{1'000};
constexpr int kEvents = 512;

double threadCpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

UdpSocket freshSocket() {
  auto socket = UdpSocket::bind({IpAddress::v4({127, 0, 0, 1}), 0});
  SP_CHECK(socket.ok());
  return *std::move(socket);
}

// One phone per relay socket; what comes in at socket 2n leaves from 2n+1 and the other way round.
struct Party {
  explicit Party(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      relay.push_back(freshSocket());
      phones.push_back(freshSocket());
      SP_CHECK(phones[i].connectTo(relay[i].local()).ok());
    }
  }
  void connectRelay() {
    for (std::size_t i = 0; i < relay.size(); ++i) SP_CHECK(relay[i].connectTo(phones[i].local()).ok());
  }
  std::vector<UdpSocket> relay;
  std::vector<UdpSocket> phones;
};

// Sends `rate` datagrams a second through all phones in turn, and takes in what comes back.
class Phones {
 public:
  Phones(Party& party, double rate) : party_(party), rate_(rate), thread_([this] { play(); }) {}
  ~Phones() { thread_.join(); }
  bool playing() const { return playing_; }
  std::uint64_t sent() const { return sent_; }

 private:
  void play() {
    const std::vector<std::uint8_t> datagram(kDatagram, 1);
    std::array<std::uint8_t, 2'048> heard;
    const auto began = SteadyClock::now();
    for (std::size_t i = 0; SteadyClock::now() - began < kRun;) {
      const auto due = std::chrono::duration<double>(SteadyClock::now() - began).count() * rate_;
      while (static_cast<double>(sent_) < due) {
        auto& phone = party_.phones[i];
        phone.send(*phone.connected(), datagram);
        while (::recv(phone.fd(), heard.data(), heard.size(), 0) > 0) {
        }
        i = (i + 7) % party_.phones.size();  // neighbours do not follow one another
        ++sent_;
      }
    }
    playing_ = false;
  }

  Party& party_;
  const double rate_;
  std::atomic<bool> playing_{true};
  std::atomic<std::uint64_t> sent_{0};
  std::thread thread_;
};

struct Outcome {
  double cpu = 0;
  std::uint64_t relayed = 0;
  std::uint64_t sent = 0;
  std::int64_t wakeups = 0;
};

std::int64_t sleeps() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

void report(benchmark::State& state, const Outcome& outcome) {
  state.SetIterationTime(outcome.cpu);
  const auto relayed = static_cast<double>(std::max<std::uint64_t>(outcome.relayed, 1));
  state.counters["ns_per_datagram"] = outcome.cpu * 1e9 / relayed;
  state.counters["datagrams_per_wakeup"] = relayed / static_cast<double>(std::max<std::int64_t>(outcome.wakeups, 1));
  state.counters["lost_percent"] =
      100.0 * (1.0 - relayed / static_cast<double>(std::max<std::uint64_t>(outcome.sent, 1)));
}

enum class Receive { recvfrom, recvmmsg };
enum class Destination { named, connected };
enum class Wait { ready, paused };

struct RawRelay {
  Party& party;
  Receive receive;
  Destination destination;
  std::uint64_t relayed = 0;

  void forward(std::size_t from, Bytes datagram) {
    const auto to = from ^ 1;
    if (destination == Destination::connected) {
      ::send(party.relay[to].fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
    } else {
      const SocketAddress address{party.phones[to].local()};
      ::sendto(party.relay[to].fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL, address.raw(), address.size());
    }
    ++relayed;
  }

  void takeOne(std::size_t index) {
    std::array<std::uint8_t, 2'048> buffer;
    sockaddr_storage source;
    socklen_t size = sizeof source;
    const auto count = ::recvfrom(party.relay[index].fd(), buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&source), &size);
    if (count > 0) forward(index, {buffer.data(), static_cast<std::size_t>(count)});
  }

  void takeBatch(std::size_t index) {
    constexpr std::size_t kBatch = 4;
    std::array<std::array<std::uint8_t, 2'048>, kBatch> buffers;
    std::array<sockaddr_storage, kBatch> sources;
    std::array<iovec, kBatch> vectors;
    std::array<mmsghdr, kBatch> headers{};
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {buffers[i].data(), buffers[i].size()};
      headers[i].msg_hdr.msg_name = &sources[i];
      headers[i].msg_hdr.msg_namelen = sizeof sources[i];
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(party.relay[index].fd(), headers.data(), kBatch, 0, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      forward(index, {buffers[at].data(), headers[at].msg_len});
    }
  }

  void run(const Phones& phones, Wait wait) {
    const Fd epoll{epoll_create1(EPOLL_CLOEXEC)};
    for (std::size_t i = 0; i < party.relay.size(); ++i) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll.raw(), EPOLL_CTL_ADD, party.relay[i].fd(), &event);
    }
    std::array<epoll_event, kEvents> events;
    while (phones.playing()) {
      const int ready = epoll_wait(epoll.raw(), events.data(), kEvents, 20);
      for (int i = 0; i < ready; ++i) {
        const auto index = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
        receive == Receive::recvmmsg ? takeBatch(index) : takeOne(index);
      }
      if (wait == Wait::paused && ready > 0) std::this_thread::sleep_for(std::chrono::microseconds{500});
    }
  }
};

void rawRelay(benchmark::State& state, Receive receive, Destination destination, Wait wait) {
  for ([[maybe_unused]] auto _ : state) {
    Party party{static_cast<std::size_t>(state.range(0))};
    if (destination == Destination::connected) party.connectRelay();
    RawRelay relay{party, receive, destination};
    const Phones phones{party, static_cast<double>(state.range(0)) * 50};
    const auto cpu = threadCpu();
    const auto slept = sleeps();
    relay.run(phones, wait);
    report(state, {threadCpu() - cpu, relay.relayed, phones.sent(), sleeps() - slept});
  }
}

// What the edge does with a datagram, less the cryptography.
class Forwarder final : public MediaHandler {
 public:
  void onDatagram(std::uint32_t token, const Endpoint&, MutableBytes buffer, std::size_t length) override {
    ports[token ^ 1]->send(destinations[token ^ 1], buffer.first(length));
    ++relayed;
  }
  std::vector<std::unique_ptr<MediaPort>> ports;
  std::vector<Endpoint> destinations;
  std::uint64_t relayed = 0;
};

void mediaSockets(benchmark::State& state, Destination destination) {
  const SystemClock clock;
  for ([[maybe_unused]] auto _ : state) {
    Party party{static_cast<std::size_t>(state.range(0))};
    if (destination == Destination::connected) party.connectRelay();
    auto loop = Loop::create(clock);
    SP_CHECK(loop.ok());
    MediaSockets sockets{**loop};
    Forwarder forwarder;
    for (std::size_t i = 0; i < party.relay.size(); ++i) {
      auto port = sockets.open(std::move(party.relay[i]), forwarder, static_cast<std::uint32_t>(i));
      SP_CHECK(port.ok());
      forwarder.ports.push_back(*std::move(port));
      forwarder.destinations.push_back(party.phones[i].local());
    }
    const Phones phones{party, static_cast<double>(state.range(0)) * 50};
    const auto cpu = threadCpu();
    const auto slept = sleeps();
    while (phones.playing()) (*loop)->turn(std::chrono::milliseconds{20});
    report(state, {threadCpu() - cpu, forwarder.relayed, phones.sent(), sleeps() - slept});
  }
}

void timersAmong(benchmark::State& state) {
  TimerQueue queue;
  std::mt19937 random{1};
  std::vector<TimerHandle> held;
  const auto soon = [&] { return TimePoint{} + std::chrono::milliseconds{random() % 600'000}; };
  for (std::int64_t i = 0; i < state.range(0); ++i) held.push_back(queue.schedule(soon(), [] {}));
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    held[next] = queue.schedule(soon(), [] {});  // and cancels the one that was there
    next = (next + 1) % held.size();
  }
}

void postAndRun(benchmark::State& state) {
  const SystemClock clock;
  auto loop = Loop::create(clock);
  SP_CHECK(loop.ok());
  std::uint64_t ran = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (int i = 0; i < 64; ++i) SP_CHECK((*loop)->post([&ran] { ++ran; }).ok());
    (*loop)->turn({});
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(ran));
}

#define SALLYPORT_RELAY_BENCH(...) \
  BENCHMARK_CAPTURE(__VA_ARGS__)->Arg(200)->Arg(1'000)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond)

SALLYPORT_RELAY_BENCH(rawRelay, recvfrom_sendto, Receive::recvfrom, Destination::named, Wait::ready);
SALLYPORT_RELAY_BENCH(rawRelay, recvmmsg_sendto, Receive::recvmmsg, Destination::named, Wait::ready);
SALLYPORT_RELAY_BENCH(rawRelay, recvfrom_connected, Receive::recvfrom, Destination::connected, Wait::ready);
SALLYPORT_RELAY_BENCH(rawRelay, recvfrom_sendto_paused, Receive::recvfrom, Destination::named, Wait::paused);
SALLYPORT_RELAY_BENCH(rawRelay, recvmmsg_sendto_paused, Receive::recvmmsg, Destination::named, Wait::paused);
SALLYPORT_RELAY_BENCH(rawRelay, recvfrom_connected_paused, Receive::recvfrom, Destination::connected, Wait::paused);
SALLYPORT_RELAY_BENCH(mediaSockets, sendto, Destination::named);
SALLYPORT_RELAY_BENCH(mediaSockets, connected, Destination::connected);
BENCHMARK(timersAmong)->Arg(1'000)->Arg(100'000);
BENCHMARK(postAndRun);

}  // namespace
}  // namespace sallyport::net
