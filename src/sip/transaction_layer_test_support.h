// SPDX-License-Identifier: Apache-2.0
#pragma once
// A transaction layer with a fake clock, messages to feed it and a sink that writes down what a peer and
// a user would observe.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sip/message.h"
#include "sip/transaction_layer.h"

namespace sallyport::sip::test {

constexpr FlowId kFlow{7};
constexpr FlowId kOtherFlow{8};

// One request as text, or a response to it; every field has a sensible value.
struct Text {
  std::string_view method = "INVITE";
  std::string_view branch = "z9hG4bKa1";
  std::string_view uri = "sip:bob@biloxi.example";
  std::string_view sent_by = "client.atlanta.example:5061";
  std::string_view from_tag = "9fxced76sl";
  std::string_view to_tag = "";
  std::string_view call_id = "3848276298220188511";
  unsigned cseq = 1;
  std::string_view extra = "";  // complete lines

  std::string request() const {
    return std::string{method} + " " + std::string{uri} + " SIP/2.0\r\n" + headers(to_tag) + "Max-Forwards: 70\r\n" +
           std::string{extra} + "Content-Length: 0\r\n\r\n";
  }
  std::string response(int status, std::string_view tag = "314159") const {
    return "SIP/2.0 " + std::to_string(status) + " Whatever\r\n" + headers(status == 100 ? to_tag : tag) +
           std::string{extra} + "Content-Length: 0\r\n\r\n";
  }

 private:
  std::string headers(std::string_view tag) const {
    std::string via = "Via: SIP/2.0/TLS " + std::string{sent_by};
    if (!branch.empty()) via += ";branch=" + std::string{branch};
    return via + "\r\nFrom: Alice <sip:alice@atlanta.example>;tag=" + std::string{from_tag} +
           "\r\nTo: Bob <sip:bob@biloxi.example>" + (tag.empty() ? "" : ";tag=" + std::string{tag}) +
           "\r\nCall-ID: " + std::string{call_id} + "\r\nCSeq: " + std::to_string(cseq) + " " + std::string{method} +
           "\r\n";
  }
};

inline Message parsed(std::string text) {
  auto message = Message::parse(std::move(text));
  EXPECT_TRUE(message.ok()) << (message ? "" : describe(message.error()));
  SP_CHECK(message.ok());
  return *std::move(message);
}

// The start line without the version: "180 Whatever", "ACK sip:bob@biloxi.example".
inline std::string startLine(std::string_view bytes) {
  std::string line{bytes.substr(0, bytes.find("\r\n"))};
  if (line.starts_with("SIP/2.0 ")) return line.substr(8);
  return line.substr(0, line.rfind(' '));
}

struct RecordingSink : TransactionLayer::Sink {
  void transmit(FlowId flow, const std::string& bytes) override {
    sent.push_back({flow, bytes});
    if (during_transmit) during_transmit();
  }
  void onRequest(ServerTransactionId id, FlowId, Message request) override {
    requests.push_back({id, std::string{request.methodName()}});
    if (during_request) during_request(id);
  }
  void onAck(FlowId, Message) override { ++acks; }
  std::optional<int> refuseCancel(FlowId, const Message&) override { return refuse_cancel; }
  void onCancel(ServerTransactionId id, const Message&) override { cancelled.push_back(id); }
  void onResponse(ClientTransactionId id, FlowId, Message response) override {
    responses.push_back({id, response.status()});
  }
  void onClientFailure(ClientTransactionId id, const Error& error) override {
    client_failures.push_back({id, error.code});
  }
  void onServerFailure(ServerTransactionId id, const Error& error) override {
    server_failures.push_back({id, error.code});
  }
  bool samePeer(FlowId known, FlowId came_on) const override { return known == came_on || flows_share_a_peer; }

  struct Sent {
    FlowId flow;
    std::string bytes;
  };
  std::vector<Sent> sent;
  std::vector<std::pair<ServerTransactionId, std::string>> requests;
  std::vector<std::pair<ClientTransactionId, int>> responses;
  std::vector<std::pair<ClientTransactionId, std::string>> client_failures;
  std::vector<std::pair<ServerTransactionId, std::string>> server_failures;
  std::vector<ServerTransactionId> cancelled;
  std::optional<int> refuse_cancel;
  int acks = 0;
  bool flows_share_a_peer = false;
  std::function<void()> during_transmit;
  std::function<void(ServerTransactionId)> during_request;

  std::vector<std::string> sentLines() const {
    std::vector<std::string> lines;
    for (const auto& one : sent) lines.push_back(startLine(one.bytes));
    return lines;
  }
};

class TransactionLayerTest : public ::testing::Test {
 protected:
  void receive(std::string text, Reliability reliability = Reliability::unreliable, FlowId flow = kFlow) {
    layer.receive(flow, reliability, parsed(std::move(text)), now);
  }
  ClientTransactionId send(const Text& text, Method method, Reliability reliability = Reliability::unreliable) {
    auto id = layer.send(kFlow, reliability, method, std::string{text.branch}, text.request(), now);
    EXPECT_TRUE(id.ok());
    return id ? *id : ClientTransactionId{};
  }
  Status respond(ServerTransactionId id, const Text& text, int status) {
    return layer.respond(id, status, text.response(status), now);
  }
  ServerTransactionId onlyRequest() const {
    EXPECT_EQ(sink.requests.size(), 1u);
    return sink.requests.empty() ? ServerTransactionId{} : sink.requests.front().first;
  }
  // Steps from deadline to deadline, as a loop would.
  void pass(std::chrono::milliseconds time) {
    const TimePoint end = now + time;
    while (layer.nextDeadline() && *layer.nextDeadline() <= end) {
      now = *layer.nextDeadline();
      layer.advance(now);
    }
    now = end;
    layer.advance(now);
  }

  RecordingSink sink;
  TimePoint now{std::chrono::hours{1}};
  TransactionLayer layer{sink, TimerConfig{}, {.max_server_transactions = 4, .max_client_transactions = 4}};
};

}  // namespace sallyport::sip::test
