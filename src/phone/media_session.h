// SPDX-License-Identifier: Apache-2.0
#pragma once
// The packets of one call: its UDP ports, SRTP both ways, the 20 ms timer, RTCP reports, and what was
// measured. Plays an AudioSource to the peer and the peer into an AudioSink. What does not verify is
// counted and dropped; nothing goes out before a plan with keys is applied, or DTLS or ZRTP has agreed them.
//
// Owned by the endpoint's call record, on its loop's thread.

#include <chrono>
#include <memory>
#include <optional>

#include "core/endpoint.h"
#include "core/result.h"
#include "media/drop_reason.h"
#include "media/quality.h"
#include "media/rtcp.h"
#include "media/srtp.h"
#include "net/loop.h"
#include "net/media_sockets.h"
#include "net/port_pool.h"
#include "phone/audio/send_pacer.h"
#include "phone/audio/source_sink.h"
#include "phone/digits.h"
#include "phone/media_agreement.h"
#include "phone/media_path.h"
#include "phone/voice_receiver.h"
#include "phone/voice_sender.h"
#include "phone/zrtp_session.h"

namespace sallyport::phone {

// An association whose peer has the certificate that signalling announced: there are no others.
struct DtlsFacts {
  crypto::DtlsRole role = crypto::DtlsRole::server;          // ours
  std::vector<crypto::CertificateFingerprint> fingerprints;  // that were announced, and one of them was shown
};

struct MediaFigures {
  std::optional<sdp::Codec> codec;
  std::optional<sdp::Keying> keying;  // nothing: by ZRTP, or no plan yet
  std::optional<crypto::SrtpSuite> suite;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;  // authentic voice
  std::uint64_t events_received = 0;   // packets of telephone events (RFC 4733)
  std::string digits;                  // the keys they were
  std::uint64_t send_failures = 0;     // the kernel or the key's lifetime refused
  media::StreamFigures quality;
  std::optional<media::Rating> rating;
  std::optional<std::chrono::microseconds> round_trip;
  media::DropCounters drops;
  JitterBuffer::Counters jitter_buffer;
  std::uint64_t recovered = 0;  // frames that were lost, and a second copy of them was not
  std::uint64_t undecodable = 0;
  std::optional<DtlsFacts> dtls;     // once it has agreed
  std::optional<IceFacts> ice;       // once it has found the way
  std::optional<ZrtpFacts> zrtp;     // once it has agreed
  std::uint64_t zrtp_failures = 0;   // what it complained of
  std::optional<Error> audio_error;  // the recording stopped early, and why
};

class MediaSession final : private net::MediaHandler {
 public:
  struct Audio {
    std::unique_ptr<AudioSource> source;
    std::unique_ptr<AudioSink> sink;
  };

  // Opens a random pair of ports on `local`. Errors: those of net::PortPool::takePair().
  static Result<std::unique_ptr<MediaSession>> open(net::Loop& loop, net::MediaSockets& sockets,
                                                    const net::PortPool& pool, const IpAddress& local, Audio audio);
  ~MediaSession() override;

  // The keys may come from DTLS, and ICE may find the way, if that is what is agreed. `failed`: why they will not;
  // once, and from nothing of ours that runs. Error: as MediaPath::create().
  Status openPath(PathSettings settings, std::function<void(const Error&)> failed);
  // Whether iceDescription() is to wait for a STUN server; when it need not, or no longer: at once or later.
  bool isGathering() const { return path_ && path_->isGathering(); }
  void whenGathered(std::function<void()> then);
  std::optional<sdp::IceDescription> iceDescription() const;
  // The keys are to come from ZRTP, which begins with the first plan. `told`: what it agreed. Error: as
  // ZrtpSession::create().
  Status agreeKeys(const ZrtpSettings& settings, std::function<void(const ZrtpFacts&)> told);
  std::optional<crypto::Sha256Digest> helloHash() const;
  enum class Comparison : std::uint8_t { same, different };
  void setSas(Comparison comparison);  // what the two people found

  const Endpoint& rtp() const { return rtp_->local(); }
  std::uint16_t rtcpPort() const { return rtcp_port_; }

  // Starts, or changes, the flow of packets. Same keys keep their SRTP state. Errors: "media.srtp.*",
  // "audio.codec.unavailable"; then nothing changes.
  Status apply(MediaPlanPtr plan);
  // Keys (RFC 4733), one after the other in place of the voice. Errors: "phone.dtmf.not_agreed" (unavailable: the peer
  // takes none), "phone.dtmf.key" (misconfigured: no key), those of media::EventInserter::play(); some may be sent.
  Status sendDigits(std::string_view keys);
  // Says goodbye by RTCP, closes the ports and the sink. Error: the sink's.
  Status stop();

  MediaFigures figures() const;

 private:
  MediaSession(net::Loop& loop, Audio audio);
  void onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) override;
  void onRtp(MutableBytes packet);
  void runZrtp();
  void onRtcp(MutableBytes packet);
  media::Unprotected unprotect(MutableBytes packet, media::Channel channel);
  void onReport(const media::RtcpPacket& packet);

  std::optional<Endpoint> destination() const;
  void useKeys(const media::DtlsSrtpKeys& keys);
  Status applyReceive(const MediaPlan& plan);
  Status applySend(const MediaPlan& plan);
  void tick();
  void sendFrames(SendPacer::Due due);
  void sendEvents(const Endpoint& to);
  void send(const Endpoint& to, MutableBytes buffer, std::size_t length);
  void playFrames(std::uint64_t count);
  enum class Occasion : std::uint8_t { report, goodbye };
  void sendRtcp(Occasion occasion);
  media::ReportBlock reportBlock() const;

  net::Loop& loop_;
  Audio audio_;
  std::unique_ptr<net::MediaPort> rtp_, rtcp_;
  std::uint16_t rtcp_port_ = 0;
  MediaPlanPtr plan_;
  std::unique_ptr<MediaPath> path_;
  net::TimerHandle failed_;
  std::unique_ptr<ZrtpSession> zrtp_;
  net::TimerHandle zrtp_timer_;
  std::optional<media::SrtpSender> send_;
  std::optional<media::SrtpReceiver> receive_;
  std::optional<media::SrtpReceiver> previous_;  // until something verifies under the new key
  std::unique_ptr<VoiceSender> sender_;
  std::unique_ptr<VoiceReceiver> receiver_;
  VoiceSender::Numbering numbering_;
  media::EventInserter events_;
  DigitListener digits_;
  std::optional<SendPacer> pacer_;
  net::TimerHandle timer_, rtcp_timer_;
  media::StreamQuality quality_;
  MediaFigures figures_;
  std::uint64_t octets_sent_ = 0;
  std::optional<std::uint32_t> remote_ssrc_;
  std::uint32_t highest_sequence_ = 0;  // extended
  std::uint64_t reported_lost_ = 0, reported_expected_ = 0;
  std::uint32_t last_report_ = 0;  // compact NTP time of the peer's last sender report
  TimePoint last_report_at_{};
};

}  // namespace sallyport::phone
