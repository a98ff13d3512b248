// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request relay for tests with scripted sides: alice, a device, asks; core, a peer, is asked; what either says is
// text, what the relay says is parsed.

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "call/call_test_border.h"
#include "call/request_relay.h"
#include "call/requester_test_support.h"

namespace sallyport::call::test {

inline RelayRules quickRules() {
  RelayRules rules;
  rules.pending = 4;
  rules.pending_of_one = 3;
  rules.subscriptions = 3;
  rules.subscriptions_of_one = 2;
  return rules;
}

class FakeAnswers final : public RelayAnswers {
 public:
  void respond(sip::ServerTransactionId id, int status, std::string bytes) override {
    auto message = sip::Message::parse(std::move(bytes));
    SP_CHECK(message.ok() && message->status() == status);
    SP_CHECK(said_.emplace(id, *std::move(message)).second);  // one final response for each request
  }
  const sip::Message* of(sip::ServerTransactionId id) const {
    const auto found = said_.find(id);
    return found == said_.end() ? nullptr : &found->second;
  }

 private:
  std::map<sip::ServerTransactionId, sip::Message> said_;
};

// bob is behind core, dora is a device on a connection of her own, nobody else is anywhere.
class FakeRoutes final : public RequestRoutes {
 public:
  explicit FakeRoutes(EdgePolicyPtr policy) : policy_(std::move(policy)) {}
  Result<RelayRoute> decide(const RelayRequest& request) override {
    const auto uri = *sip::Uri::parse(request.message.requestUri());
    RelayRoute route{policy_, {}, {{"Subject", "lunch"}}};
    auto& target = route.target;
    target.from_uri = target.asserted_identity = "sip:alice@sallyport.test";
    if (uri.user == "bob") {
      target.peer = policy_->peer("core");
      target.request_uri = target.to_uri = "sip:bob@core.inner.test";
      return route;
    }
    if (uri.user == "dora") {
      target.peer = policy_->peer(kDevices);
      target.flow = sip::FlowId{44};
      target.request_uri = "sip:dora@10.0.0.9";
      target.to_uri = "sip:dora@sallyport.test";
      return route;
    }
    return Error{ErrorKind::peerDenied, "call.route.none", std::string{uri.user}};
  }

 private:
  EdgePolicyPtr policy_;
};

class RelayTest : public ::testing::Test {
 protected:
  struct Text {
    std::string method = "MESSAGE";
    std::string user = "bob";
    std::string headers = {};  // complete lines
    std::string type = "text/plain";
    std::string body = {};
    std::string to_tag = {};
    std::string from_tag = "leaky-tag";
    std::string call_id = "leaky-call";
    unsigned cseq = 1;
    unsigned max_forwards = 70;
    std::string contact = "Contact: <sip:secretive@10.9.8.7:5061;transport=tls>\r\n";
  };

  static std::string text(const Text& say) {
    std::string out = say.method + " sip:" + say.user +
                      "@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 10.9.8.7:5061;branch=z9hG4bKx\r\n"
                      "From: \"Leaky\" <sip:alice@sallyport.test>;tag=" +
                      say.from_tag + "\r\nTo: <sip:" + say.user + "@sallyport.test>";
    if (!say.to_tag.empty()) out += ";tag=" + say.to_tag;
    out += "\r\nCall-ID: " + say.call_id + "\r\nCSeq: " + std::to_string(say.cseq) + " " + say.method +
           "\r\nMax-Forwards: " + std::to_string(say.max_forwards) + "\r\nUser-Agent: LeakyPhone/9.9\r\n" +
           say.contact + say.headers;
    if (!say.body.empty()) out += "Content-Type: " + say.type + "\r\n";
    return out + "Content-Length: " + std::to_string(say.body.size()) + "\r\n\r\n" + say.body;
  }

  static identity::Principal who(std::string_view name) {
    return identity::Principal::fromCertificate(principal(name).proof);
  }

  sip::ServerTransactionId sayBytes(const std::string& bytes, std::string_view from = "alice",
                                    sip::FlowId flow = sip::FlowId{11}) {
    auto message = sip::Message::parse(bytes);
    SP_CHECK(message.ok());
    const auto id = sip::ServerTransactionId{++requests_};
    RelayRequest request{id, flow, who(from), *std::move(message), over};
    requester.over[flow] = over;
    if (request.message.toTag().empty()) {
      relay.take(std::move(request));
    } else {
      relay.takeInDialog(std::move(request));
    }
    return id;
  }
  sip::ServerTransactionId say(const Text& what, std::string_view from = "alice") { return sayBytes(text(what), from); }

  int statusOf(sip::ServerTransactionId id) const {
    const auto* said = answers.of(id);
    return said == nullptr ? 0 : said->status();
  }
  // Why the last request was refused, as the log says.
  std::string refusal() const {
    const auto events = log.events("sip.request.refused");
    return events.empty() ? "" : events.back().fields.at("reason");
  }
  // The status and code of a request that is refused at once.
  std::pair<int, std::string> refused(const Text& what, std::string_view from = "alice") {
    const auto id = say(what, from);
    return {statusOf(id), refusal()};
  }

  template <typename Change>
  void reconfigure(const Change& change) {
    auto config = *policy->config;
    change(config);
    relay.adopt(*compile(std::make_shared<const config::Config>(std::move(config))));
  }

  static std::string challengeOf(const std::string& realm) {
    return "WWW-Authenticate: Digest realm=\"" + realm + "\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";
  }

  EdgePolicyPtr policy = policyOf({});
  PeerChallenges challenges{accountsAtCore()};
  FakeRequester requester;
  FakeAnswers answers;
  Transport over = Transport::tls;  // what is said next comes by it
  FakeRoutes routes{policy};
  telemetry::RecordingSink log;
  FakeClock clock;
  RequestRelay relay{{7, requester, answers, log, clock, quickRules(), &challenges}, routes, policy};

 private:
  std::uint64_t requests_ = 0;
};

}  // namespace sallyport::call::test
