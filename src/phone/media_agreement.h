// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's half of offer and answer (RFC 3264) with SDES keys (RFC 4568), with the fingerprint of the certificate by
// which DTLS is to agree them (RFC 5763), or with the hash of the Hello by which ZRTP is (RFC 6189 8): what it offers,
// how it answers, and the plan for the packets once both sides have spoken. Nothing unencrypted can be agreed: without
// keys from DTLS or ZRTP there is no voice.
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
#include "media/event_inserter.h"
#include "media/srtp.h"
#include "phone/ice_way.h"
#include "sdp/offer_answer.h"

namespace sallyport::phone {

struct MediaPlan {
  Endpoint remote_rtp;  // unspecified address or port 0: send nothing
  Endpoint remote_rtcp;
  sdp::RtcpMux mux = sdp::RtcpMux::muxed;
  sdp::Direction direction = sdp::Direction::sendrecv;  // ours
  sdp::CodecFormat voice;                               // what we send, numbered as the peer wants it
  std::optional<media::EventFormat> events;             // how the peer wants keys; nothing: it has none
  std::vector<sdp::CodecFormat> receive;                // what may come, numbered as we said
  std::optional<sdp::Keying> keying;                    // nothing: the ends agree their keys by ZRTP
  media::SrtpKeying send_key;                           // these two: by SDES
  media::SrtpKeying receive_key;
  std::optional<sdp::DtlsAgreement> dtls;  // by DTLS
  std::optional<IcePlan> ice;              // where both sides speak it
  std::optional<crypto::Sha256Digest> peer_hello_hash;
};
using MediaPlanPtr = std::shared_ptr<const MediaPlan>;

// What our descriptions say of us, the same in all of a call.
struct LocalMedia {
  Endpoint rtp;
  std::uint16_t rtcp_port = 0;                                // when the peer does not mux
  std::optional<crypto::CertificateFingerprint> fingerprint;  // where the policy has Keying::dtls
  std::optional<sdp::IceDescription> ice;                     // where it has ICE
  std::optional<crypto::Sha256Digest> hello_hash;             // where it is MediaProtection::endToEnd
};

class MediaAgreement {
 public:
  MediaAgreement(sdp::MediaPolicy policy, LocalMedia local);

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
  void offerFresh(sdp::LocalAudio& local);
  void offerAgain(sdp::LocalAudio& local) const;
  sdp::CryptoOffer answeringKey(const sdp::CryptoOffer& chosen) const;
  sdp::DtlsDescription ourDtls(sdp::Setup setup);
  sdp::DtlsDescription answeringDtls(const sdp::DtlsDescription& offer);
  sdp::IceDescription answeringIce(const sdp::IceDescription& offer);
  void settle(sdp::LocalAudio local, const sdp::AudioDescription& remote);
  MediaPlanPtr plan(const sdp::LocalAudio& local, const sdp::AudioDescription& remote) const;

  const sdp::MediaPolicy policy_;
  LocalMedia own_;  // with the ICE session that is in force
  const std::uint64_t session_id_;
  std::uint64_t version_ = 1;
  std::string last_rendered_;  // holds keys; never logged
  sdp::Direction willing_ = sdp::Direction::sendrecv;
  std::optional<sdp::LocalAudio> proposed_;
  std::optional<sdp::LocalAudio> local_;  // agreed
  std::optional<sdp::DtlsAgreement> association_;
  std::optional<sdp::IceCredentials> peer_session_;  // of the peer, that ours goes with
  std::string tls_id_;                               // of the association that is on the offer, or stands
};

}  // namespace sallyport::phone
