// SPDX-License-Identifier: Apache-2.0
#pragma once
// The media of one call: offer/answer on each side, our keys, and the relay between. Signalling says
// what was heard and asks what to say; the relay and its ports follow. The two sides never share a
// key, an address or a description: what one said only decides which codecs and direction the other
// is asked for.
//
// A side has one branch for every place that may come to take it: each phone that rings, each server tried, the
// party of a transfer. Branches share nothing either; one is chosen, and all that is said of its side is about it.
//
// A branch that is keyed by DTLS or found by ICE has a transport beside the relay (media/leg_transport.h): what comes
// of it, keys and the way to the peer, is handed to the relay as soon as both sides are agreed, in whatever order.
//
// Owned by a Bridge. Pure but for the ports it is given.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/codec_choice.h"
#include "call/ports.h"
#include "core/clock.h"
#include "media/leg_transport.h"
#include "media/relay.h"
#include "sdp/offer_answer.h"
#include "telemetry/call_record.h"

namespace sallyport::call {

class MediaSession final : private PathEvents {
 public:
  using Branch = unsigned;

  // Told whenever a datagram may have moved deadline() or made a failure; looks at them later, not from within.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void onMediaMoved() = 0;
  };
  struct Oversight {
    Watcher* watcher = nullptr;
    std::chrono::milliseconds handshake_timeout{10'000};  // of DTLS, from when media is expected
    unsigned transcoded_calls = 100;                      // at once in the process
  };

  MediaSession(MediaPortFactory& ports, Oversight oversight);
  ~MediaSession() override;
  MediaSession(const MediaSession&) = delete;
  MediaSession& operator=(const MediaSession&) = delete;

  // Another place for that side, with ports, keys and a description of its own; the first is chosen.
  // Error: "net.ports.exhausted".
  Result<Branch> open(media::Side side, const PeerPolicy& peer, const MediaPlace& place, WallTime wall);
  void choose(Branch branch);
  Branch chosen(media::Side side) const { return at(side).branch; }
  // What is offered to it first, of the keyings that its policy allows; before there was an offer.
  void offerFirst(Branch branch, sdp::Keying keying);
  // Not the chosen one.
  void drop(Branch branch, WallTime wall);
  // Closes all pinholes, at once; figures stay readable.
  void close(WallTime wall);

  // Errors of all that follow: "sdp.*", "media.transcoding.exhausted", and nothing changes.
  Status readOffer(media::Side from, std::string_view text);
  // Our offer to `to`, for what the other side has offered; in a running session with the key `to` knows.
  Result<std::string> offerTo(media::Side to);
  // Our offer when nobody has offered yet: what both policies allow.
  Result<std::string> openingOffer(media::Side to);
  // Our description as it stands, as an offer that changes nothing.
  std::string currentOffer(media::Side to);
  // Also those of crypto::DtlsSession::create().
  Status readAnswer(media::Side from, std::string_view text, TimePoint now, WallTime wall);
  // Our answer to what `to` has offered, within what the other side has agreed.
  Result<std::string> answerTo(media::Side to, TimePoint now, WallTime wall);
  // Reads an offer that changes only its own hop and answers it. Other errors: "sdp.offer.not_local".
  Result<std::string> answerLocally(media::Side from, std::string_view text, TimePoint now, WallTime wall);
  // For a party that is to take a side of a running session: offered what the other side can do, both ways; its answer
  // is kept until the branch is chosen; then `to` is offered what that allows.
  Result<std::string> joiningOffer(Branch branch);
  Status readJoiningOffer(Branch branch, std::string_view text);  // from a party that comes by itself
  Status readJoiningAnswer(Branch branch, std::string_view text, TimePoint now, WallTime wall);
  Result<std::string> offerTo(media::Side to, Branch joining);
  // What a party has been told in its dialog so far, for a branch that goes on in the same dialog.
  struct Thread {
    std::uint64_t session_id = 0;
    std::uint64_t next_version = 1;
    std::vector<sdp::CodecFormat> formats;
    sdp::MediaLayout layout;
    sdp::Profile profile = sdp::Profile::savp;
    std::optional<sdp::Keying> keying;
  };
  Thread threadOf(media::Side side) const;
  void resume(Branch branch, Thread thread);
  sdp::Direction directionOf(media::Side side) const { return at(side).remote->direction; }

  // The pending offer of `from` came to nothing: the session stands as before.
  void withdrawOffer(media::Side from);

  // Both sides have been agreed with; not so while the answer to a late offer is owed.
  bool isAgreed() const { return agreed(media::Side::a) && agreed(media::Side::b); }

  // The pending offer of `from` changes only its own hop (address, port, key): the far side need not be asked.
  bool offerIsLocal(media::Side from) const;

  void expectMedia(TimePoint now) { expected_since_ = now; }
  // Says which side has been silent for `limit`, nothing when media flows or is on hold.
  std::optional<std::string> silence(TimePoint now, std::chrono::milliseconds limit) const;
  // Why a side that is expected to talk will never have keys: another certificate than announced, a handshake that
  // is not through in time ("media.handshake_timeout") or failed otherwise.
  struct Failure {
    media::Side side = media::Side::a;
    Error error;
  };
  std::optional<Failure> failure(TimePoint now) const;

  // A key that was signalled for that side goes into the stream it is sent (RFC 4733). Errors: "media.event.*".
  Status play(media::Side to, media::TelephoneEvent event, TimePoint now);
  std::optional<TimePoint> deadline() const;  // of what is being played, and of handshakes
  void advance(TimePoint now);

  // A side's keys stand: told when they are the first, or agreed in another way than those before.
  struct Keyed {
    media::Side side = media::Side::a;
    std::string keying;  // "SDES", "DTLS-SRTP"
    crypto::SrtpSuite suite{};
    std::string fingerprint;  // of DTLS, announced and shown
    bool operator==(const Keyed&) const = default;
  };
  std::vector<Keyed> takeKeyed() { return std::exchange(keyed_, {}); }

  // What happened between two ends that agree keys by ZRTP; each told once.
  std::vector<media::zrtp::Event> takeZrtpEvents() { return relay_->takeZrtpEvents(); }

  // Fills the media part of both legs.
  void describe(telemetry::CallRecord& record) const;

 private:
  struct SideState {
    Branch branch = 0;
    media::Side side = media::Side::a;
    MediaPorts::Pair ports = 0;
    Pinhole pinhole;
    sdp::MediaPolicy policy;
    config::DtmfMode dtmf = config::DtmfMode::rfc4733;
    config::Transcode transcode = config::Transcode::allow;
    std::optional<unsigned> ptime;
    std::uint64_t session_id = 0;
    std::uint64_t next_version = 1;
    std::shared_ptr<const sdp::AudioDescription> offered;  // the last that they offered
    std::unique_ptr<sdp::LocalAudio> proposed;             // ours, not answered yet
    std::shared_ptr<const sdp::AudioDescription> remote;   // agreed
    std::optional<sdp::LocalAudio> local;                  // agreed
    std::unique_ptr<Thread> thread;                        // of the dialog before this branch
    // Where DTLS or ICE is spoken; what we say of it in every description (media_session_transport.cpp).
    std::unique_ptr<media::LegTransport> transport;
    std::shared_ptr<const crypto::DtlsCertificate> certificate;
    std::string tls_id;
    std::unique_ptr<sdp::IceDescription> ice;       // ours
    std::optional<sdp::DtlsAgreement> association;  // that the transport works at, or has
    std::string ice_in_force;                       // our fragment that the transport answers to
    TimePoint associated{};
    unsigned generation = 0;       // of the keys that the relay has
    std::optional<Error> refused;  // of keys that it did not take
    std::optional<Keyed> keyed;    // told last
    std::optional<Endpoint> path;  // that ICE has chosen last
    WallTime opened{};
    std::optional<WallTime> rtcp_closed, closed;
  };

  static std::size_t indexOf(media::Side side) { return side == media::Side::a ? 0 : 1; }
  SideState& at(media::Side side) { return *sides_[indexOf(side)]; }
  const SideState& at(media::Side side) const { return *sides_[indexOf(side)]; }

  SideState& of(Branch branch);
  Result<std::string> offerFrom(const sdp::AudioDescription& source, SideState& to, sdp::Direction direction);
  Status readOffer(SideState& side, std::string_view text);
  Status readAnswer(SideState& side, std::string_view text, TimePoint now, WallTime wall);
  sdp::LocalAudio describeLocal(const SideState& side, std::vector<sdp::CodecFormat> formats,
                                sdp::Direction direction) const;
  Result<std::string> propose(SideState& side, sdp::LocalAudio local);
  void version(SideState& side, sdp::LocalAudio& local);
  static sdp::CryptoOffer answeringKey(const SideState& side, const sdp::CryptoOffer& chosen);
  Status agree(SideState& side, sdp::LocalAudio local, std::shared_ptr<const sdp::AudioDescription> remote,
               TimePoint now, WallTime wall);
  Status applyToRelay(TimePoint now);
  static bool isHidden(const SideState& side);  // its voice, from us
  // Where the two sides share no codec.
  static Transcoding transcodingBetween(const SideState& a, const SideState& b);
  bool mayTranscode() const;
  Status takePermit();
  Status holdPermit();  // for what is agreed
  template <typename Choose>
  Result<std::vector<sdp::CodecFormat>> chooseFormats(Transcoding allowed, Choose choose);
  std::optional<media::TranscodingConfig> transcodingFrom(const SideState& near, const SideState& far) const;
  static std::chrono::milliseconds packetTimeTo(const SideState& far);
  static std::optional<unsigned> ptimeFrom(const SideState& far, std::optional<unsigned> said);
  static std::vector<telemetry::Pinhole> pinholesOf(const SideState& side);
  void describeProtection(const SideState& side, const std::optional<crypto::SrtpSuite>& suite,
                          telemetry::CallRecord& record) const;

  // media_session_transport.cpp
  Heard onPathDatagram(MediaPorts::Pair pair, const Endpoint& source, Bytes datagram, TimePoint now) override;
  static media::LegTransport& transportOf(SideState& side);
  Result<sdp::DtlsDescription> ourDtls(SideState& side, sdp::Setup setup);
  static Endpoint hostOf(const SideState& side) { return {side.pinhole.advertised, side.pinhole.rtp.port}; }
  static sdp::IceDescription freshIce(const SideState& side);
  static crypto::DtlsSessionSettings settingsOf(const SideState& side, crypto::DtlsRole role);
  // What stands in an offer of ours, and the transport is ready for whoever takes it up.
  Status offerTransport(SideState& side, sdp::LocalAudio& local);
  Result<sdp::DtlsDescription> answerDtls(SideState& side, const sdp::DtlsDescription& offer);
  static sdp::IceDescription answerIce(SideState& side, const sdp::IceDescription& offer);
  Status agreeTransport(SideState& side, TimePoint now);
  static void applyTransport(const SideState& side, media::SideConfig& config, TimePoint now);
  void follow(SideState& side, TimePoint now);
  static std::optional<Keyed> keyedBy(const SideState& side);
  static Error notInTime(const SideState& side);
  static void describeTransport(const SideState& side, telemetry::LegRecord& leg);
  std::optional<TimePoint> keysDue(const SideState& side) const;
  bool isChosen(const SideState& side) const { return sides_[indexOf(side.side)] == &side; }

  bool agreed(media::Side side) const { return sides_[indexOf(side)] != nullptr && at(side).remote != nullptr; }

  const Oversight oversight_;
  MediaPortFactory& factory_;
  std::unique_ptr<media::Relay> relay_;
  std::unique_ptr<MediaPorts> ports_;  // gone once closed
  std::vector<std::unique_ptr<SideState>> branches_;
  std::array<SideState*, 2> sides_{};                    // the chosen ones
  std::array<std::vector<telemetry::Pinhole>, 2> past_;  // of branches that are gone
  std::vector<Keyed> keyed_;                             // not taken yet
  Branch next_branch_ = 0;
  WallTime wall_{};  // of the last branch that was opened
  std::optional<TimePoint> expected_since_;
  TranscodingSlots::Permit permit_;  // while the agreement needs it
  const std::uint64_t stream_seed_;  // of what we send ourselves
};

}  // namespace sallyport::call
