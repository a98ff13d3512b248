// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two phones on one loop over real loopback sockets, with a clock of the test's own: a call of ten seconds
// takes a fraction of one. For tests.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "phone/phone.h"
#include "phone/tls_test_support.h"

namespace sallyport::phone::testing {

using namespace std::chrono_literals;

// The wall is today's, so that certificates are good; steady time moves by hand.
class PhoneTestClock final : public Clock {
 public:
  TimePoint steady() const override { return steady_; }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
  void advance(std::chrono::milliseconds by) { steady_ += by; }

 private:
  TimePoint steady_{1h};
};

// Answers (or does what `incoming` says) and remembers everything.
struct Party final : PhoneObserver {
  explicit Party(Pcm says) : plays(std::make_shared<const Pcm>(std::move(says))) {}

  Result<MediaSession::Audio> audioFor(Conversation&) override {
    return MediaSession::Audio{playRecording(plays, Repetition::once), recordInto(heard)};
  }
  void onIncoming(Conversation& conversation) override { incoming(conversation); }
  void onNotAnswered(Conversation&, const Error& error) override { not_answered.emplace_back(error.code); }
  void onProgress(Conversation&, int status) override { progress.push_back(status); }
  void onAnswered(Conversation& conversation) override { talking = &conversation; }
  void onMedia(Conversation&, const MediaPlan& plan) override { directions.push_back(plan.direction); }
  void onEnded(Conversation&, const CallReport& report) override {
    talking = nullptr;
    reports.push_back(report);
  }
  void onStranger(const Endpoint&, const Error& error) override { strangers.emplace_back(error.code); }

  std::shared_ptr<const Pcm> plays;
  std::shared_ptr<Pcm> heard = std::make_shared<Pcm>(Pcm{48'000, {}});
  std::function<void(Conversation&)> incoming = [](Conversation& conversation) { (void)conversation.answer(); };
  Conversation* talking = nullptr;
  std::vector<int> progress;
  std::vector<sdp::Direction> directions;
  std::vector<CallReport> reports;
  std::vector<std::string> strangers, not_answered;
};

class TwoPhones : public ::testing::Test {
 protected:
  static PhoneConfig configFor(const std::string& name, std::vector<sdp::Codec> codecs = {sdp::Codec::opus}) {
    PhoneConfig config;
    config.uri = "sip:" + name + "@example.com";
    config.media.codecs = std::move(codecs);
    return config;
  }
  // bob listens, alice may call him.
  void start(PhoneConfig alice_config, PhoneConfig bob_config, const TlsSetup& alice_tls, const TlsSetup& bob_tls) {
    alice_phone = std::make_unique<Phone>(*loop, std::move(alice_config), alice_tls, alice);
    bob_phone = std::make_unique<Phone>(*loop, std::move(bob_config), bob_tls, bob);
    const auto listening = bob_phone->listen(*Endpoint::parse("127.0.0.1:0"));
    ASSERT_TRUE(listening) << describe(listening.error());
    bob_address = *listening;
  }
  void start(std::vector<sdp::Codec> codecs = {sdp::Codec::opus}) {
    start(configFor("alice", codecs), configFor("bob", codecs), ca.phone("alice", "dns:bob.example.com", clock),
          ca.phone("bob", "dns:alice.example.com", clock));
  }
  Conversation* call() { return *alice_phone->call({bob_address, "", "sip:bob@example.com"}); }

  // Lets `time` go by in steps of 5 ms, every event of each step handled.
  void pass(std::chrono::milliseconds time) {
    for (auto gone = 0ms; gone < time; gone += 5ms) {
      clock.advance(5ms);
      for (int i = 0; i < 3; ++i) loop->turn(0ms);
    }
  }
  // Waits for what the kernel still has to bring, without letting the phones' time go by.
  template <typename Condition>
  bool comesTrue(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < give_up) loop->turn(2ms);
    return condition();
  }

  PhoneTestClock clock;
  std::unique_ptr<net::Loop> loop = *net::Loop::create(clock);
  TestCa ca;
  Party alice{generateTone({{}, 1}, 48'000, 20s)}, bob{generateTone({{}, 2}, 48'000, 20s)};
  std::unique_ptr<Phone> alice_phone, bob_phone;
  Endpoint bob_address;
};

}  // namespace sallyport::phone::testing
