// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two media sessions that agree by SDP, on loopback, with time moved by hand. For tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phone/media_session.h"
#include "phone/signalling_test_support.h"

namespace sallyport::phone::testing {

inline const IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});

inline sdp::MediaPolicy keyedBy(std::vector<sdp::Keying> keyings, sdp::IceUse ice) {
  auto policy = mediaPolicy({crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end()}, {sdp::Codec::pcmu});
  policy.keyings = std::move(keyings);
  policy.ice = ice;
  policy.ice_mode = sdp::IceMode::full;
  return policy;
}

struct TwoSessions {
  struct End {
    std::unique_ptr<MediaSession> session;
    sdp::MediaPolicy policy;
    std::shared_ptr<const crypto::DtlsCertificate> certificate;
    std::vector<std::string> failures;
    std::optional<MediaAgreement> agreement;

    MediaAgreement agree() const {
      LocalMedia local{session->rtp(), session->rtcpPort(), {}, session->iceDescription(), {}};
      if (certificate) local.fingerprint = certificate->fingerprint();
      return MediaAgreement{policy, std::move(local)};
    }
  };

  using Ice = sdp::IceUse;
  TwoSessions() : TwoSessions({sdp::Keying::sdes}, {sdp::Keying::sdes}) {}
  TwoSessions(const std::vector<sdp::Keying>& keys_a, const std::vector<sdp::Keying>& keys_b, Ice ice_a = Ice::never,
              Ice ice_b = Ice::never)
      : TwoSessions(keyedBy(keys_a, ice_a), keyedBy(keys_b, ice_b)) {}
  TwoSessions(const sdp::MediaPolicy& policy_a, const sdp::MediaPolicy& policy_b) {
    open(a_end, policy_a, 1, heard_by_a);
    open(b_end, policy_b, 2, heard_by_b);
  }

  void open(End& end, const sdp::MediaPolicy& policy, std::uint64_t seed, const std::shared_ptr<Pcm>& heard) {
    end.policy = policy;
    end.session =
        *MediaSession::open(*loop, sockets, pool, kLoopback, {playTone({{}, seed}, 8'000), recordInto(heard)});
    PathSettings path;
    if (std::count(policy.keyings.begin(), policy.keyings.end(), sdp::Keying::dtls) > 0) {
      end.certificate = *crypto::DtlsCertificate::generate(clock.wall());
      path.dtls = DtlsSettings{end.certificate, policy.suites};
    }
    if (policy.ice != sdp::IceUse::never) {
      path.ice.emplace();
      path.ice->role = &end == &a_end ? media::ice::Role::controlling : media::ice::Role::controlled;
      path.ice->host = end.session->rtp();
    }
    if (path.dtls || path.ice) {
      ASSERT_TRUE(end.session->openPath(std::move(path),
                                        [&end](const Error& error) { end.failures.emplace_back(error.code); }));
    }
    end.agreement.emplace(end.agree());
  }
  void agree() { agree(*a_end.agreement, *b_end.agreement); }
  void agree(MediaAgreement& from, MediaAgreement& to) {
    const auto answer = to.answer(from.offer());
    ASSERT_TRUE(answer) << describe(answer.error());
    const auto plan = from.accept(answer->sdp);
    ASSERT_TRUE(plan) << describe(plan.error());
    auto& offerer = &from == &*a_end.agreement ? a : b;
    auto& answerer = &from == &*a_end.agreement ? b : a;
    ASSERT_TRUE(offerer->apply(*plan));
    ASSERT_TRUE(answerer->apply(answer->plan));
  }
  void pass(std::chrono::milliseconds time) {
    for (auto gone = 0ms; gone < time; gone += 5ms) {
      clock.advance(5ms);
      loop->turn(0ms);
      loop->turn(0ms);
    }
  }
  void send(const Endpoint& to, Bytes datagram) {
    auto socket = net::UdpSocket::bind({kLoopback, 0});
    ASSERT_TRUE(socket);
    socket->send(to, datagram);
    for (int i = 0; i < 3; ++i) loop->turn(1ms);
  }

  FakeClock clock;
  std::unique_ptr<net::Loop> loop = *net::Loop::create(clock);
  net::MediaSockets sockets{*loop};
  net::PortPool pool{{30'000, 39'999}};
  std::shared_ptr<Pcm> heard_by_a = std::make_shared<Pcm>(Pcm{8'000, {}});
  std::shared_ptr<Pcm> heard_by_b = std::make_shared<Pcm>(Pcm{8'000, {}});
  End a_end, b_end;
  std::unique_ptr<MediaSession>&a = a_end.session, &b = b_end.session;
};

}  // namespace sallyport::phone::testing
