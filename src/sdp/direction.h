// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who sends and who listens (RFC 3264 5.1, 6.1, 8.4). A direction is always somebody's own view:
// sendonly in a peer's description means that the peer sends.

#include <cstdint>
#include <string_view>

namespace sallyport::sdp {

enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

std::string_view toString(Direction direction);  // the attribute's name

constexpr bool sends(Direction d) { return d == Direction::sendrecv || d == Direction::sendonly; }
constexpr bool receives(Direction d) { return d == Direction::sendrecv || d == Direction::recvonly; }

// The same stream seen from the other end.
Direction reverse(Direction direction);

// What we answer (our view) to what was offered (the offerer's view) when we are willing to do `ours`.
Direction answerTo(Direction offered, Direction ours);

// The view of a side that listens nowhere: hold by c=0.0.0.0 (RFC 3264 8.4, RFC 2543 style).
Direction withoutReceiving(Direction direction);

}  // namespace sallyport::sdp
