// SPDX-License-Identifier: Apache-2.0
#pragma once
// The media of one call: offer/answer on each side, our keys, and the relay between. Signalling says
// what was heard and asks what to say; the relay and its ports follow. The two sides never share a
// key, an address or a description: what one said only decides which codecs and direction the other
// is asked for.
//
// Owned by a Bridge. Pure but for the ports it is given.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "call/ports.h"
#include "core/clock.h"
#include "media/relay.h"
#include "sdp/offer_answer.h"
#include "telemetry/call_record.h"

namespace sallyport::call {

class MediaSession {
 public:
  MediaSession(MediaPortFactory& ports, sdp::MediaPolicy a, sdp::MediaPolicy b);
  ~MediaSession();

  // Opens the pinholes. Error: "net.ports.exhausted".
  Status open(IpAddress::Family a, IpAddress::Family b, TimePoint now, WallTime wall);
  // Closes them, at once; figures stay readable.
  void close(WallTime wall);

  // Errors of all that follow: "sdp.*", and nothing changes.
  Status readOffer(media::Side from, std::string_view text);
  // Our offer to `to`, for what the other side has offered; in a running session with the key `to` knows.
  Result<std::string> offerTo(media::Side to);
  // Our offer when nobody has offered yet: what both policies allow.
  Result<std::string> openingOffer(media::Side to);
  // Our description as it stands, as an offer that changes nothing.
  std::string currentOffer(media::Side to);
  Status readAnswer(media::Side from, std::string_view text, TimePoint now, WallTime wall);
  // Our answer to what `to` has offered, within what the other side has agreed.
  Result<std::string> answerTo(media::Side to, TimePoint now, WallTime wall);
  // The pending offer of `from` came to nothing: the session stands as before.
  void withdrawOffer(media::Side from);

  // Both sides have been agreed with; not so while the answer to a late offer is owed.
  bool isAgreed() const { return sides_[0].remote && sides_[1].remote; }

  // The pending offer of `from` changes only its own hop (address, port, key): the far side need not be asked.
  bool offerIsLocal(media::Side from) const;

  void expectMedia(TimePoint now) { expected_since_ = now; }
  // Says which side has been silent for `limit`, nothing when media flows or is on hold.
  std::optional<std::string> silence(TimePoint now, std::chrono::milliseconds limit) const;

  // Fills the media part of both legs.
  void describe(telemetry::CallRecord& record) const;

 private:
  struct SideState {
    sdp::MediaPolicy policy;
    std::uint64_t session_id = 0;
    std::uint64_t next_version = 1;
    std::shared_ptr<const sdp::AudioDescription> offered;  // the last that they offered
    std::optional<sdp::LocalAudio> proposed;               // ours, not answered yet
    std::shared_ptr<const sdp::AudioDescription> remote;   // agreed
    std::optional<sdp::LocalAudio> local;                  // agreed
    WallTime opened{};
    std::optional<WallTime> rtcp_closed, closed;
  };

  SideState& at(media::Side side) { return sides_[side == media::Side::a ? 0 : 1]; }
  const SideState& at(media::Side side) const { return sides_[side == media::Side::a ? 0 : 1]; }

  sdp::LocalAudio describeLocal(media::Side side, std::vector<sdp::CodecFormat> formats,
                                sdp::Direction direction) const;
  std::string propose(media::Side to, sdp::LocalAudio local);
  void version(SideState& side, sdp::LocalAudio& local);
  Status agree(media::Side side, sdp::LocalAudio local, std::shared_ptr<const sdp::AudioDescription> remote,
               TimePoint now, WallTime wall);
  Status applyToRelay(TimePoint now);

  MediaPortFactory& factory_;
  SideState sides_[2];
  std::unique_ptr<media::Relay> relay_;
  std::unique_ptr<MediaPorts> ports_;
  Pinhole pinholes_[2];
  TimePoint expected_since_{};
};

}  // namespace sallyport::call
