// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's half of offer and answer (RFC 3264) with SDES keys (RFC 4568), or with the hash of the Hello by which
// ZRTP is to agree them (RFC 6189 8): what it offers, how it answers, and the plan for the packets once both sides have
// spoken. Nothing unencrypted can be agreed: without keys from ZRTP there is no voice.
// Our key stays for the whole call unless the suite changes, so the SRTP context and its rollover counter go on.
//
// No I/O, no clock. Owned by one Call.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "media/srtp.h"
#include "sdp/offer_answer.h"

namespace sallyport::phone {

struct MediaPlan {
  Endpoint remote_rtp;  // unspecified address or port 0: send nothing
  Endpoint remote_rtcp;
  sdp::RtcpMux mux = sdp::RtcpMux::muxed;
  sdp::Direction direction = sdp::Direction::sendrecv;  // ours
  sdp::CodecFormat voice;                               // what we send, numbered as the peer wants it
  std::vector<sdp::CodecFormat> receive;                // what may come, numbered as we said
  sdp::MediaProtection protection = sdp::MediaProtection::srtp;
  media::SrtpKeying send_key;  // these two: unless ZRTP is to agree them
  media::SrtpKeying receive_key;
  std::optional<crypto::Sha256Digest> peer_hello_hash;
};
using MediaPlanPtr = std::shared_ptr<const MediaPlan>;

class MediaAgreement {
 public:
  // `local` is where we receive RTP; `rtcp_port` where we receive RTCP when the peer does not mux.
  // `hello_hash` is of our Hello where the policy is MediaProtection::endToEnd.
  MediaAgreement(sdp::MediaPolicy policy, Endpoint local, std::uint16_t rtcp_port,
                 std::optional<crypto::Sha256Digest> hello_hash = std::nullopt);

  // What we are willing to do from the next description on: sendonly puts the peer on hold.
  void setDirection(sdp::Direction direction) { willing_ = direction; }
  sdp::Direction direction() const { return willing_; }

  // Our offer, opening or renewed. Stays proposed until accept() or withdraw().
  std::string offer();
  // The peer's answer to it, early or final. Errors: those of sdp::readAnswer(); the offer stays proposed.
  Result<MediaPlanPtr> accept(std::string_view answer);
  void withdraw() { proposed_.reset(); }

  struct Answer {
    std::string sdp;
    MediaPlanPtr plan;
  };
  // Our answer to the peer's offer. Errors: those of sdp::readOffer(); nothing changes.
  Result<Answer> answer(std::string_view offer);

 private:
  sdp::LocalAudio base() const;
  std::string render(sdp::LocalAudio& local, const sdp::AudioDescription* offer);
  sdp::CryptoOffer answeringKey(const sdp::CryptoOffer& chosen) const;
  MediaPlanPtr plan(const sdp::LocalAudio& local, const sdp::AudioDescription& remote) const;

  const sdp::MediaPolicy policy_;
  const Endpoint rtp_;
  const std::uint16_t rtcp_port_;
  const std::optional<crypto::Sha256Digest> hello_hash_;
  const std::uint64_t session_id_;
  std::uint64_t version_ = 1;
  std::string last_rendered_;  // holds keys; never logged
  sdp::Direction willing_ = sdp::Direction::sendrecv;
  std::optional<sdp::LocalAudio> proposed_;
  std::optional<sdp::LocalAudio> local_;  // agreed
};

}  // namespace sallyport::phone
