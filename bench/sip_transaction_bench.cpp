// SPDX-License-Identifier: Apache-2.0
// What one transaction costs, and that the cost stays flat when many are alive. Parsing is outside the
// timed part where a benchmark says "transactions"; "with parsing" includes it.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

#include "sip/transaction_layer.h"

namespace sallyport::sip {
namespace {

constexpr FlowId kFlow{1};

struct CountingSink final : TransactionLayer::Sink {
  void transmit(FlowId, const std::string& bytes) override { sent += bytes.size(); }
  void onRequest(ServerTransactionId id, FlowId, Message) override { last = id; }
  void onAck(FlowId, Message) override {}
  void onCancel(ServerTransactionId, const Message&) override {}
  void onResponse(ClientTransactionId, FlowId, Message) override {}
  void onClientFailure(ClientTransactionId, const Error&) override {}
  void onServerFailure(ServerTransactionId, const Error&) override {}

  ServerTransactionId last{};
  std::size_t sent = 0;
};

std::string branchOf(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return "z9hG4bK-" + std::string(20 - digits.size(), '0') + digits;
}

std::string headers(const std::string& branch, std::string_view method) {
  return "Via: SIP/2.0/TLS edge.example:5061;branch=" + branch +
         ";rport\r\nFrom: <sip:alice@example.com>;tag=9fxced76sl\r\nTo: <sip:bob@example.com>;tag=314159\r\n"
         "Call-ID: 3848276298220188511@edge.example\r\nCSeq: 1 " +
         std::string{method} +
         "\r\nMax-Forwards: 70\r\nContact: <sip:alice@edge.example:5061;transport=tls>\r\nContent-Length: 0\r\n\r\n";
}
std::string request(const std::string& branch, std::string_view method) {
  return std::string{method} + " sip:bob@example.com SIP/2.0\r\n" + headers(branch, method);
}
std::string response(const std::string& branch, std::string_view method, int status) {
  return "SIP/2.0 " + std::to_string(status) + " Whatever\r\n" + headers(branch, method);
}
Message parsed(std::string text) { return *Message::parse(std::move(text)); }

// A layer with `population` INVITEs ringing on each side, as a busy edge has.
struct Populated {
  explicit Populated(std::size_t population) {
    for (std::size_t i = 0; i < population; ++i, ++next) {
      const std::string branch = branchOf(next);
      layer.receive(kFlow, Reliability::reliable, parsed(request(branch, "INVITE")), now);
      (void)layer.send(kFlow, Reliability::reliable, Method::invite, branch, request(branch, "INVITE"), now);
      layer.receive(kFlow, Reliability::reliable, parsed(response(branch, "INVITE", 180)), now);
    }
  }

  CountingSink sink;
  TimePoint now{std::chrono::hours{1}};
  TransactionLayer layer{sink, TimerConfig{.abandon = std::chrono::hours{24 * 365}}, {1'000'000, 1'000'000, {1, 2}}};
  std::uint64_t next = 0;
};

// What one call costs the layer on both legs: INVITE, 100, 180, 200 through a server and a client transaction.
struct Call {
  explicit Call(std::uint64_t number)
      : branch(branchOf(number)),
        invite(parsed(request(branch, "INVITE"))),
        trying(parsed(response(branch, "INVITE", 100))),
        ringing(parsed(response(branch, "INVITE", 180))),
        ok(parsed(response(branch, "INVITE", 200))),
        out_invite(request(branch, "INVITE")),
        out_trying(response(branch, "INVITE", 100)),
        out_ringing(response(branch, "INVITE", 180)),
        out_ok(response(branch, "INVITE", 200)) {}

  void runThrough(Populated& edge) {
    edge.layer.receive(kFlow, Reliability::reliable, std::move(invite), edge.now);
    const auto server = edge.sink.last;
    (void)edge.layer.respond(server, 100, std::move(out_trying), edge.now);
    (void)edge.layer.send(kFlow, Reliability::reliable, Method::invite, branch, std::move(out_invite), edge.now);
    edge.layer.receive(kFlow, Reliability::reliable, std::move(trying), edge.now);
    edge.layer.receive(kFlow, Reliability::reliable, std::move(ringing), edge.now);
    (void)edge.layer.respond(server, 180, std::move(out_ringing), edge.now);
    edge.layer.receive(kFlow, Reliability::reliable, std::move(ok), edge.now);
    (void)edge.layer.respond(server, 200, std::move(out_ok), edge.now);
  }

  std::string branch;
  Message invite, trying, ringing, ok;
  std::string out_invite, out_trying, out_ringing, out_ok;
};

void inviteBothLegs(benchmark::State& state) {
  constexpr std::size_t kBatch = 256;
  Populated edge{static_cast<std::size_t>(state.range(0))};
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Call> calls;
    calls.reserve(kBatch);
    for (std::size_t i = 0; i < kBatch; ++i) calls.emplace_back(edge.next++);
    state.ResumeTiming();
    for (Call& call : calls) call.runThrough(edge);
    // Timers L and M end them: their firing is part of the price.
    edge.now += std::chrono::seconds{32};
    edge.layer.advance(edge.now);
  }
  state.counters["per_call"] = benchmark::Counter(static_cast<double>(state.iterations()) * kBatch,
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["alive"] = static_cast<double>(edge.layer.size());
}
BENCHMARK(inviteBothLegs)->Arg(0)->Arg(1'000)->Arg(10'000)->Arg(100'000);

// OPTIONS in and answered, over TLS, parsing included.
void optionsServerWithParsing(benchmark::State& state) {
  Populated edge{static_cast<std::size_t>(state.range(0))};
  const std::string branch = branchOf(1u << 30);
  const std::string text = request(branch, "OPTIONS");
  const std::string answer = response(branch, "OPTIONS", 200);
  for (auto _ : state) {
    edge.layer.receive(kFlow, Reliability::reliable, parsed(text), edge.now);
    (void)edge.layer.respond(edge.sink.last, 200, answer, edge.now);
  }
}
BENCHMARK(optionsServerWithParsing)->Arg(0)->Arg(100'000);

// A response nobody waits for: what a stranger's flood of them costs, parsing excluded.
void strayResponse(benchmark::State& state) {
  constexpr std::size_t kBatch = 256;
  Populated edge{static_cast<std::size_t>(state.range(0))};
  const std::string text = response("z9hG4bK-nobody", "INVITE", 200);
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Message> messages;
    for (std::size_t i = 0; i < kBatch; ++i) messages.push_back(parsed(text));
    state.ResumeTiming();
    for (Message& message : messages) {
      edge.layer.receive(kFlow, Reliability::reliable, std::move(message), edge.now);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(strayResponse)->Arg(0)->Arg(100'000);

// A rejection over TLS: the ACK is made here, from the INVITE.
void ackForRejection(benchmark::State& state) {
  Populated edge{0};
  for (auto _ : state) {
    state.PauseTiming();
    const std::string branch = branchOf(edge.next++);
    (void)edge.layer.send(kFlow, Reliability::reliable, Method::invite, branch, request(branch, "INVITE"), edge.now);
    Message rejection = parsed(response(branch, "INVITE", 486));
    state.ResumeTiming();
    edge.layer.receive(kFlow, Reliability::reliable, std::move(rejection), edge.now);
  }
}
BENCHMARK(ackForRejection);

}  // namespace
}  // namespace sallyport::sip
