// SPDX-License-Identifier: Apache-2.0
#include "sdp/direction.h"

namespace sallyport::sdp {
namespace {

constexpr std::uint8_t kSends = 1;
constexpr std::uint8_t kReceives = 2;

constexpr std::uint8_t halves(Direction d) {
  return static_cast<std::uint8_t>((sends(d) ? kSends : 0) | (receives(d) ? kReceives : 0));
}

constexpr Direction fromHalves(unsigned halves) {
  switch (halves) {
    case kSends | kReceives: return Direction::sendrecv;
    case kSends: return Direction::sendonly;
    case kReceives: return Direction::recvonly;
    default: return Direction::inactive;
  }
}

}  // namespace

std::string_view toString(Direction direction) {
  switch (direction) {
    case Direction::sendrecv: return "sendrecv";
    case Direction::sendonly: return "sendonly";
    case Direction::recvonly: return "recvonly";
    case Direction::inactive: return "inactive";
  }
  return "inactive";
}

Direction reverse(Direction direction) {
  switch (direction) {
    case Direction::sendonly: return Direction::recvonly;
    case Direction::recvonly: return Direction::sendonly;
    case Direction::sendrecv:
    case Direction::inactive: break;
  }
  return direction;
}

Direction answerTo(Direction offered, Direction ours) { return fromHalves(halves(reverse(offered)) & halves(ours)); }

Direction withoutReceiving(Direction direction) { return fromHalves(halves(direction) & kSends); }

}  // namespace sallyport::sdp
