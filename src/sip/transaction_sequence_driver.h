// SPDX-License-Identifier: Apache-2.0
#pragma once
// Drives a TransactionLayer with a program of events, four bytes each, and checks on every callback what
// must hold whatever the program: nothing is heard of a transaction that is over, tables stay within
// their limits, and 64*T1 after the user has let go of everything, nothing is left. Used by the
// sequence tests and by the fuzz target; a broken invariant is an SP_CHECK.
//
// The encoding is in transaction_sequence_events.h.

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "sip/transaction_layer.h"
#include "sip/transaction_sequence_events.h"

namespace sallyport::sip::test {

class SequenceDriver final : TransactionLayer::Sink {
 public:
  static constexpr std::size_t kLimit = 8;  // small, so that programs reach it

  void run(std::span<const std::uint8_t> program) {
    for (; program.size() >= 4; program = program.subspan(4)) {
      reaction_ = static_cast<Reaction>(program[0] >> 5);
      step(program[0] & 7, program[1], program[2], program[3]);
      SP_CHECK(layer_.size() <= 2 * kLimit);
    }
  }

  // The user lets go of everything; 64*T1 later nothing may be left.
  void finish() {
    reaction_ = Reaction::none;
    for (auto& [id, server] : servers_) {
      if (server.method == Method::invite && !server.over && server.final_status == 0) abandon(id);
    }
    for (const auto& [id, client] : std::map{clients_}) {
      if (client.method != Method::invite || client.over || client.final_status != 0) continue;
      if (!send(client.branch, "CANCEL", client.reliability)) closeFlow();
    }
    pass(timers_.timeout());
    SP_CHECK(layer_.size() == 0);
    SP_CHECK(!layer_.nextDeadline());
  }

  // What peer and user observed: ">INVITE" went out, "<INVITE" and "<180" reached the user, "!timeout" failed.
  const std::string& transcript() const { return transcript_; }
  std::size_t size() const { return layer_.size(); }

 private:
  using milliseconds = std::chrono::milliseconds;
  static constexpr FlowId kOurs{1};
  static constexpr FlowId kTheirs{2};

  enum class Reaction : std::uint8_t { none, answer, abandon, sendAnother, closeFlow };

  struct Server {
    Method method;
    std::string key;
    int final_status = 0;
    bool answered = false;
    bool cancelled = false;
    bool over = false;
  };
  struct Client {
    Method method;
    std::string branch;
    Reliability reliability;
    int final_status = 0;
    bool over = false;
  };

  // --- The program ------------------------------------------------------------------------------------------

  void step(std::uint8_t op, std::uint8_t a, std::uint8_t b, std::uint8_t c) {
    const std::string branch = branchOf(a);
    const std::string_view method = methodOf(b);
    switch (op) {
      case 0: (void)send(branch, method, (c & 1) != 0 ? Reliability::reliable : Reliability::unreliable); return;
      case 1:
        return receive(requestText(branch, method), (c & 1) != 0 ? Reliability::reliable : Reliability::unreliable,
                       (c & 2) != 0 ? kTheirs : kOurs);
      case 2:
        return receive(responseText(branch, method, statusOf(c), static_cast<unsigned>((c >> 4) & 7)),
                       Reliability::unreliable, (c & 0x80) != 0 ? kTheirs : kOurs);
      case 3: return respond(branch, method, statusOf(c));
      case 4: return timer(b);
      case 5: return closeFlow();
      case 6:
        if (!begun_.empty()) abandon(begun_[a % begun_.size()]);
        return;
      default: return pass(milliseconds{100} * c);
    }
  }

  // False when the layer refuses it.
  bool send(const std::string& branch, std::string_view method, Reliability reliability) {
    const Method known = methodFrom(method);
    if (known == Method::ack) return false;  // no transaction
    const auto id = layer_.send(kOurs, reliability, known, branch, requestText(branch, method), now_);
    if (id) clients_.emplace(*id, Client{known, branch, reliability});
    return id.ok();
  }

  void receive(std::string text, Reliability reliability, FlowId flow) {
    auto message = Message::parse(std::move(text));
    SP_CHECK(message.ok());
    layer_.receive(flow, reliability, *std::move(message), now_);
  }

  void respond(const std::string& branch, std::string_view method, int status) {
    const std::string key = branch + std::string{method};
    for (auto at = begun_.rbegin(); at != begun_.rend(); ++at) {
      Server& server = servers_.at(*at);
      if (server.key != key) continue;
      const bool answered = layer_.respond(*at, status, responseText(branch, method, status, 1), now_).ok();
      SP_CHECK(!answered || !server.over);
      server.answered = server.answered || answered;
      if (answered && status >= 200) {
        SP_CHECK(server.final_status == 0 || (server.final_status < 300 && status < 300));
        server.final_status = status;
      }
      return;
    }
  }

  void abandon(ServerTransactionId id) {
    layer_.abandon(id);
    servers_.at(id).over = true;
  }

  void closeFlow() {
    std::vector<ClientTransactionId> ended;
    for (const auto& [id, client] : clients_) ended.push_back(id);
    for (auto& [id, server] : servers_) {
      if (flows_.at(id) == kOurs) server.over = true;
    }
    layer_.flowClosed(kOurs, now_);
    for (const auto id : ended) clients_.at(id).over = true;
  }

  void react(ServerTransactionId id, const std::string& branch, std::string_view method) {
    if (reaction_ == Reaction::answer) return respond(branch, method, 486);
    if (reaction_ == Reaction::abandon) abandon(id);
    if (reaction_ == Reaction::closeFlow) closeFlow();
  }
  void react() {
    if (reaction_ == Reaction::sendAnother)
      (void)send("z9hG4bKx" + std::to_string(clients_.size()), "OPTIONS", Reliability::unreliable);
    if (reaction_ == Reaction::closeFlow) closeFlow();
  }

  // The letters of RFC 3261 Table 4 in order; the last is the user's own: 100 Trying after 200 ms.
  void timer(std::uint8_t letter) {
    switch (letter % 13) {
      case 0:    // A
      case 3:    // E
      case 5: {  // G: whatever is due next
        const auto next = layer_.nextDeadline();
        return pass(next ? std::chrono::ceil<milliseconds>(*next - now_) : timers_.t1);
      }
      case 7:  // I
      case 9:  // K
        return pass(timers_.t4);
      case 12: {
        pass(milliseconds{200});
        for (auto& [id, server] : servers_) {
          if (server.method != Method::invite || server.over || server.answered) continue;
          server.answered = layer_.respond(id, 100, "SIP/2.0 100 Trying\r\n\r\n", now_).ok();
        }
        return;
      }
      default:  // B, D, F, H, J, L, M
        return pass(timers_.timeout());
    }
  }

  void pass(milliseconds time) {
    const TimePoint end = now_ + time;
    for (auto next = layer_.nextDeadline(); next && *next <= end; next = layer_.nextDeadline()) {
      SP_CHECK(*next >= now_);
      now_ = *next;
      layer_.advance(now_);
      const auto after = layer_.nextDeadline();
      SP_CHECK(!after || *after > now_);
    }
    now_ = end;
    layer_.advance(now_);
  }

  // --- What the layer says ----------------------------------------------------------------------------------

  void transmit(FlowId, const std::string& bytes) override {
    SP_CHECK(!bytes.empty());
    const std::string_view line = std::string_view{bytes}.substr(0, bytes.find("\r\n"));
    const bool response = line.starts_with("SIP/2.0 ");
    say(">", response ? line.substr(8, 3) : line.substr(0, line.find(' ')));
  }
  void onRequest(ServerTransactionId id, FlowId flow, Message request) override {
    SP_CHECK(request.method() != Method::ack && request.method() != Method::cancel);
    const std::string key = std::string{request.topmostVia().branch()} + std::string{request.methodName()};
    SP_CHECK(servers_.emplace(id, Server{request.method(), key}).second);
    flows_.emplace(id, flow);
    begun_.push_back(id);
    say("<", request.methodName());
    react(id, std::string{request.topmostVia().branch()}, request.methodName());
  }
  void onAck(FlowId, Message ack) override {
    SP_CHECK(ack.method() == Method::ack);
    say("<", "ACK");
  }
  void onCancel(ServerTransactionId id, const Message& cancel) override {
    Server& server = servers_.at(id);
    SP_CHECK(cancel.method() == Method::cancel && server.method == Method::invite);
    SP_CHECK(!server.over && !server.cancelled && server.final_status == 0);
    server.cancelled = true;
    say("<", "CANCEL");
    react(id, std::string{cancel.topmostVia().branch()}, "INVITE");
  }
  void onResponse(ClientTransactionId id, FlowId flow, Message response) override {
    SP_CHECK(flow == kOurs);
    Client& client = clients_.at(id);
    const bool more_2xx = client.method == Method::invite && client.final_status / 100 == 2 && response.isSuccess();
    SP_CHECK(!client.over && (client.final_status == 0 || more_2xx));
    if (response.isFinal()) client.final_status = response.status();
    say("<", std::to_string(response.status()));
    react();
  }
  void onClientFailure(ClientTransactionId id, const Error& error) override {
    Client& client = clients_.at(id);
    SP_CHECK(!client.over && client.final_status == 0);
    client.over = true;
    say("!", lastWord(error.code));
    react();
  }
  void onServerFailure(ServerTransactionId id, const Error& error) override {
    Server& server = servers_.at(id);
    SP_CHECK(!server.over);
    server.over = true;
    say("!", lastWord(error.code));
  }

  static std::string_view lastWord(std::string_view code) { return code.substr(code.rfind('.') + 1); }
  void say(std::string_view sign, std::string_view what) {
    if (transcript_.size() > 4'096) return;
    if (!transcript_.empty()) transcript_ += ' ';
    transcript_.append(sign).append(what);
  }

  TimerConfig timers_;
  TimePoint now_{std::chrono::hours{1}};
  TransactionLayer layer_{*this, timers_, {kLimit, kLimit, {3, 5}}};
  std::map<ServerTransactionId, Server> servers_;
  std::map<ServerTransactionId, FlowId> flows_;
  std::map<ClientTransactionId, Client> clients_;
  std::vector<ServerTransactionId> begun_;
  Reaction reaction_ = Reaction::none;
  std::string transcript_;
};

}  // namespace sallyport::sip::test
