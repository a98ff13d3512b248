// SPDX-License-Identifier: Apache-2.0
// What one registration costs, and that it stays the same from a thousand addresses to a hundred thousand.
#include <benchmark/benchmark.h>

#include "call/call_test_support.h"
#include "call/registrar.h"

namespace {

using namespace sallyport;
using namespace sallyport::call;
using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000s};

RegistrationChange changeOf(std::size_t user, std::uint32_t cseq) {
  RegistrationChange change;
  change.aor = "user" + std::to_string(user) + "@sallyport.test";
  change.call_id = "c" + std::to_string(user) + "@phone.sallyport.test";
  change.cseq = cseq;
  Binding binding;
  binding.aor = change.aor;
  binding.contact.uri = "sip:user" + std::to_string(user) + "@10.1.2.3:5061;transport=tls";
  binding.call_id = change.call_id;
  binding.cseq = cseq;
  binding.flow = sip::FlowId{user};
  binding.identity = change.aor;
  binding.user_agent = "Desk phone 1.0 (build 42)";
  binding.registered = kNow;
  binding.expires = kNow + 3'600s + std::chrono::milliseconds{user % 977};
  change.updates.push_back(std::move(binding));
  return change;
}

void fill(Registrations& table, std::size_t users) {
  for (std::size_t i = 0; i < users; ++i) benchmark::DoNotOptimize(table.apply(changeOf(i, 1), kNow));
}

// Users in no order that the caches could guess.
std::size_t next(std::size_t& state, std::size_t count) {
  state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
  return (state >> 32) % count;
}

void refreshInTheTable(benchmark::State& state) {
  const auto users = static_cast<std::size_t>(state.range(0));
  Registrations table{{.contacts = 8, .aors = users}};
  fill(table, users);
  std::size_t stroll = 1;
  std::uint32_t cseq = 2;
  for (auto _ : state) {
    state.PauseTiming();
    auto change = changeOf(next(stroll, users), ++cseq);
    state.ResumeTiming();
    benchmark::DoNotOptimize(table.apply(std::move(change), kNow));
  }
}
BENCHMARK(refreshInTheTable)->RangeMultiplier(10)->Range(1'000, 100'000)->Iterations(200'000);

void lookUp(benchmark::State& state) {
  const auto users = static_cast<std::size_t>(state.range(0));
  Registrations table{{.contacts = 8, .aors = users}};
  fill(table, users);
  std::vector<std::string> addresses(users);
  for (std::size_t i = 0; i < users; ++i) addresses[i] = "user" + std::to_string(i) + "@sallyport.test";
  std::size_t stroll = 1;
  for (auto _ : state) benchmark::DoNotOptimize(table.reachable(addresses[next(stroll, users)], kNow));
}
BENCHMARK(lookUp)->RangeMultiplier(10)->Range(1'000, 100'000);

struct Journal final : RegistrationJournal {
  void touched(std::string_view) override {}
};

// From the bytes of a refresh to the bytes of its answer, among as many others.
void wholeRegister(benchmark::State& state) {
  FakeClock clock;
  Registrations table{{}};
  fill(table, static_cast<std::size_t>(state.range(0)));
  Journal journal;
  RegistrarSettings settings;
  settings.domains = {std::string{test::kDomain}};
  settings.sent_by = SentBy{"edge.sallyport.test:5061"};
  Registrar registrar{{0, table, journal, clock, nullptr}, settings};
  const auto who = identity::Principal::fromCertificate(test::principal("alice").proof);
  const auto source = *Endpoint::parse("10.9.8.7:40000");
  std::uint32_t cseq = 0;
  for (auto _ : state) {
    auto message = sip::Message::parse(
        "REGISTER sip:sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 10.9.8.7:5061;branch=z9hG4bK74bf9;rport\r\n"
        "From: \"Alice\" <sip:alice@sallyport.test>;tag=a73kszlfl\r\nTo: <sip:alice@sallyport.test>\r\n"
        "Call-ID: 1j9FpLxk3uxtm8tn@10.9.8.7\r\nCSeq: " +
        std::to_string(++cseq) +
        " REGISTER\r\nMax-Forwards: 70\r\nSupported: outbound, gruu, path\r\nUser-Agent: Desk phone 1.0\r\n"
        "Contact: <sip:alice@10.9.8.7:5061;transport=tls>;reg-id=1;expires=3600;"
        "+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"\r\nContent-Length: 0\r\n\r\n");
    registrar.handle({*message, who, sip::FlowId{1}, source, Transport::tls}, [&](const RegisterAnswer& answer) {
      if (answer.status != 200) state.SkipWithError("refused");
      benchmark::DoNotOptimize(render(answer, *message, "0-tag"));
    });
  }
}
BENCHMARK(wholeRegister)->Arg(1'000)->Arg(99'000);

}  // namespace
