// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two user agents joined by an imaginary connection and an imaginary clock, with everything they say
// written down. For tests.

#include <deque>
#include <string>
#include <vector>

#include "phone/user_agent.h"
#include "sip/message.h"

namespace sallyport::phone::testing {

using namespace std::chrono_literals;

inline sdp::MediaPolicy mediaPolicy(std::vector<crypto::SrtpSuite> suites = {crypto::kSrtpSuites.begin(),
                                                                             crypto::kSrtpSuites.end()},
                                    std::vector<sdp::Codec> codecs = {sdp::Codec::opus, sdp::Codec::pcmu,
                                                                      sdp::Codec::pcma, sdp::Codec::telephoneEvent}) {
  sdp::MediaPolicy policy;
  policy.suites = std::move(suites);
  policy.codecs = std::move(codecs);
  return policy;
}

inline MediaAgreement agreementOn(std::uint16_t port, sdp::MediaPolicy policy = mediaPolicy()) {
  LocalMedia local;
  local.rtp = *Endpoint::parse("127.0.0.1:" + std::to_string(port));
  local.rtcp_port = static_cast<std::uint16_t>(port + 1);
  return MediaAgreement{std::move(policy), std::move(local)};
}

// One side. What it transmits waits in `outbox` until the test delivers it.
struct Side final : UserAgent::Shell {
  explicit Side(std::string side_name) : name(std::move(side_name)), agent(*this, {}, {}) {}

  void transmit(sip::FlowId, std::string_view bytes) override { outbox.emplace_back(bytes); }
  void onIncoming(Call& call, sip::FlowId) override { incoming = &call; }
  LocalParty localPartyOn(sip::FlowId) override {
    return {"sip:" + name + "@example.com", "sip:" + name + "@127.0.0.1:5061;transport=tls", "127.0.0.1:5061"};
  }
  void onProgress(Call&, int status) override { progress.push_back(status); }
  void onAnswered(Call&) override { ++answered; }
  void onMedia(Call&, MediaPlanPtr agreed) override { plans.push_back(std::move(agreed)); }
  void onMediaOver(Call&) override { ++media_over; }
  void onEnded(Call&, const CallEnd& end) override { ends.push_back(end); }

  const MediaPlan& plan() const { return *plans.back(); }

  std::string name;
  std::deque<std::string> outbox;
  Call* incoming = nullptr;
  std::vector<int> progress;
  int answered = 0, media_over = 0;
  std::vector<MediaPlanPtr> plans;
  std::vector<CallEnd> ends;
  UserAgent agent;
};

class Pair {
 public:
  static constexpr sip::FlowId kFlow{1};

  // Delivers until both are silent. Returns the start lines, in order.
  std::vector<std::string> exchange() {
    std::vector<std::string> lines;
    while (!alice.outbox.empty() || !bob.outbox.empty()) {
      Side& from = alice.outbox.empty() ? bob : alice;
      Side& to = alice.outbox.empty() ? alice : bob;
      const std::string bytes = std::move(from.outbox.front());
      from.outbox.pop_front();
      lines.push_back(bytes.substr(0, bytes.find('\r')));
      deliver(to, bytes);
    }
    return lines;
  }
  void deliver(Side& to, const std::string& bytes) {
    auto message = sip::Message::parse(bytes);
    if (message) to.agent.receive(kFlow, std::move(*message), now);
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    alice.agent.advance(now);
    bob.agent.advance(now);
  }

  Call& invite(MediaAgreement agreement = agreementOn(20'000)) {
    Call& call = alice.agent.createCall(alice.localPartyOn(kFlow), kFlow, now);
    (void)call.invite("sip:bob@example.com", std::move(agreement));
    exchange();
    return call;
  }
  // A call in progress; bob's side is bob.incoming.
  Call& talk() {
    Call& call = invite();
    bob.agent.setNow(now);
    (void)bob.incoming->answer(agreementOn(30'000));
    exchange();
    return call;
  }

  TimePoint now{1h};
  Side alice{"alice"}, bob{"bob"};
};

}  // namespace sallyport::phone::testing
