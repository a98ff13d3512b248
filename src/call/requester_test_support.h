// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Requester for tests: keeps what was asked until the test answers, and answers as a peer would.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "call/requester.h"
#include "core/check.h"

namespace sallyport::call::test {

class FakeRequester final : public Requester {
 public:
  struct Asked {
    std::string peer;                 // of a request to a peer
    std::optional<sip::FlowId> flow;  // of one on a connection
    sip::Message request;
    Done done;
  };

  void request(const PeerPolicy& to, sip::Method method, Write write, Done done) override {
    keep(to.name, std::nullopt, method, write, std::move(done));
  }
  void request(sip::FlowId on, sip::Method method, Write write, Done done) override {
    keep({}, on, method, write, std::move(done));
  }
  const SentBy& sentBy() const override { return sent_by_; }

  // The next request of that method; nothing when there is none.
  std::optional<Asked> take(sip::Method method) {
    for (auto at = waiting.begin(); at != waiting.end(); ++at) {
      if (at->request.method() != method) continue;
      auto asked = std::move(*at);
      waiting.erase(at);
      return asked;
    }
    return std::nullopt;
  }

  // `headers` are complete lines.
  static sip::Message responseTo(const sip::Message& request, int status, const std::string& headers = {},
                                 const std::string& to_tag = "far-tag") {
    std::string text = "SIP/2.0 " + std::to_string(status) +
                       " Whatever\r\nVia: " + std::string{*request.header(sip::HeaderId::via)} +
                       "\r\nFrom: " + std::string{*request.header(sip::HeaderId::from)} +
                       "\r\nTo: " + std::string{*request.header(sip::HeaderId::to)};
    if (request.toTag().empty()) text += ";tag=" + to_tag;
    text += "\r\nCall-ID: " + std::string{request.callId()} + "\r\nCSeq: " + std::to_string(request.cseq()) + " " +
            std::string{request.methodName()} + "\r\n" + headers + "Content-Length: 0\r\n\r\n";
    auto message = sip::Message::parse(std::move(text));
    SP_CHECK(message.ok());
    return *std::move(message);
  }
  void answer(Asked& asked, int status, const std::string& headers = {}, const std::string& to_tag = "far-tag") {
    asked.done({asked.flow.value_or(flow), responseTo(asked.request, status, headers, to_tag)});
  }
  void fail(Asked& asked, const char* code = "sip.transaction.timeout") {
    asked.done({asked.flow.value_or(flow), Error{ErrorKind::unavailable, code, ""}});
  }

  std::deque<Asked> waiting;
  sip::FlowId flow{77};  // that requests to a peer go on
  std::map<sip::FlowId, Transport> over;

 private:
  void keep(std::string peer, std::optional<sip::FlowId> on, sip::Method method, const Write& write, Done done) {
    const auto way = on ? over.find(*on) : over.end();
    const auto via =
        sent_by_.via(way == over.end() ? Transport::tls : way->second, "z9hG4bK0-" + std::to_string(++branches_));
    auto message = sip::Message::parse(write(via));
    SP_CHECK(message.ok() && message->method() == method);  // what we say is always well formed
    waiting.push_back({std::move(peer), on, *std::move(message), std::move(done)});
  }

  SentBy sent_by_{"edge.sallyport.test:5061", "10.0.0.1:5060", "edge.sallyport.test:8443"};
  unsigned branches_ = 0;
};

}  // namespace sallyport::call::test
