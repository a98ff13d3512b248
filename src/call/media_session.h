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
// Owned by a Bridge. Pure but for the ports it is given.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/ports.h"
#include "core/clock.h"
#include "media/relay.h"
#include "sdp/offer_answer.h"
#include "telemetry/call_record.h"

namespace sallyport::call {

class MediaSession {
 public:
  using Branch = unsigned;

  explicit MediaSession(MediaPortFactory& ports);
  ~MediaSession();

  // Another place for that side, with ports, keys and a description of its own; the first is chosen.
  // Error: "net.ports.exhausted".
  Result<Branch> open(media::Side side, const PeerPolicy& peer, IpAddress::Family family, WallTime wall);
  void choose(Branch branch);
  Branch chosen(media::Side side) const { return at(side).branch; }
  // Not the chosen one.
  void drop(Branch branch, WallTime wall);
  // Closes all pinholes, at once; figures stay readable.
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

  // A key that was signalled for that side goes into the stream it is sent (RFC 4733). Errors: "media.event.*".
  Status play(media::Side to, media::TelephoneEvent event, TimePoint now);
  std::optional<TimePoint> deadline() const;  // of what is being played
  void advance(TimePoint now);

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
    std::uint64_t session_id = 0;
    std::uint64_t next_version = 1;
    std::shared_ptr<const sdp::AudioDescription> offered;  // the last that they offered
    std::optional<sdp::LocalAudio> proposed;               // ours, not answered yet
    std::shared_ptr<const sdp::AudioDescription> remote;   // agreed
    std::optional<sdp::LocalAudio> local;                  // agreed
    std::optional<Thread> thread;                          // of the dialog before this branch
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
  std::string propose(SideState& side, sdp::LocalAudio local);
  void version(SideState& side, sdp::LocalAudio& local);
  static sdp::CryptoOffer answeringKey(const SideState& side, const sdp::CryptoOffer& chosen);
  Status agree(SideState& side, sdp::LocalAudio local, std::shared_ptr<const sdp::AudioDescription> remote,
               TimePoint now, WallTime wall);
  Status applyToRelay(TimePoint now);
  static std::vector<telemetry::Pinhole> pinholesOf(const SideState& side);

  bool agreed(media::Side side) const { return sides_[indexOf(side)] != nullptr && at(side).remote != nullptr; }

  std::unique_ptr<media::Relay> relay_;
  std::unique_ptr<MediaPorts> ports_;  // gone once closed
  std::vector<std::unique_ptr<SideState>> branches_;
  std::array<SideState*, 2> sides_{};                    // the chosen ones
  std::array<std::vector<telemetry::Pinhole>, 2> past_;  // of branches that are gone
  Branch next_branch_ = 0;
  TimePoint expected_since_{};
};

}  // namespace sallyport::call
