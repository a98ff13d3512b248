// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which codecs one side of a call is offered and answered, for what the other side can do; and what is transcoded then.
// What both sides know always comes first, so that voice is made into another codec only where there is no other way.
// Pure.

#include <optional>
#include <span>
#include <vector>

#include "media/transcoder.h"
#include "sdp/offer_answer.h"

namespace sallyport::call {

enum class Transcoding : std::uint8_t { refused, allowed };

// The same codec at the same clock rate; null: none.
const sdp::CodecFormat* findLike(std::span<const sdp::CodecFormat> formats, const sdp::CodecFormat& like);
// A codec keeps its number for the whole session (RFC 3264 8.3.2): those that are `known` stay, others take a number
// that is not used yet.
std::vector<sdp::CodecFormat> renumbered(std::vector<sdp::CodecFormat> formats,
                                         std::span<const sdp::CodecFormat> known);

// Of what the other side has, what `policy` has; behind it, where allowed, the rest of `policy`, with events where the
// other side has them. Empty: nothing that carries voice.
std::vector<sdp::CodecFormat> formatsToOffer(std::span<const sdp::CodecFormat> theirs, const sdp::MediaPolicy& policy,
                                             Transcoding transcoding);
// The same when nobody has offered anything yet: what both policies have, then the rest of `policy`.
std::vector<sdp::CodecFormat> formatsToOpenWith(const sdp::MediaPolicy& policy, const sdp::MediaPolicy& other,
                                                Transcoding transcoding);

// What the answer to `offer` takes: what the other side has agreed to as well; or, where allowed and there is no voice
// among that, the one voice codec that the offer prefers. Events that are `ours` to make for the other side stay in
// any case. Empty: nothing that carries voice.
enum class Events : std::uint8_t { passedOn, ours };
std::vector<sdp::CodecFormat> formatsToAnswer(std::span<const sdp::CodecFormat> offer,
                                              std::span<const sdp::CodecFormat> other, Events events,
                                              Transcoding transcoding);

// What a side has agreed to: of what it said, what we said too, in its order; with the numbers of what it is sent, and
// of what it sends (RFC 3264 5.1).
std::vector<sdp::CodecFormat> formatsHeard(const sdp::LocalAudio& local, const sdp::AudioDescription& remote);
std::vector<sdp::CodecFormat> formatsSent(const sdp::LocalAudio& local, const sdp::AudioDescription& remote);
const sdp::CodecFormat* voiceOf(std::span<const sdp::CodecFormat> formats);  // the first; null: none
bool shareVoice(std::span<const sdp::CodecFormat> a, std::span<const sdp::CodecFormat> b);

// What is made of the voice of a side that sends these, for one that hears those; nothing when that takes all that may
// come. Without the packet time and the random number.
std::optional<media::TranscodingConfig> transcodingOf(std::span<const sdp::CodecFormat> sent,
                                                      std::span<const sdp::CodecFormat> heard);

// The same where only the packet time is to change: what both have of G.711, with events and comfort noise. Nothing
// when they have none: a packet of Opus says itself how long it is (RFC 6716 3.1), and any receiver takes 120 ms.
std::optional<media::TranscodingConfig> repacketisingOf(std::span<const sdp::CodecFormat> sent,
                                                        std::span<const sdp::CodecFormat> heard);

}  // namespace sallyport::call
