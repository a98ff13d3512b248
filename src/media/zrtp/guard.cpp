// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/guard.h"

#include "media/zrtp/srtp_shape.h"

namespace sallyport::media::zrtp {
namespace {

// Those that every exchange may have without anything being wrong: repetitions out of their place, media that starts
// before the keys are there.
bool isWorthReporting(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
    case Refusal::malformed:
    case Refusal::order:
    case Refusal::throttled:
    case Refusal::afterAgreement:
    case Refusal::beforeAgreement: return false;
    default: return true;
  }
}

}  // namespace

void Guard::onDescription(Side side, const std::optional<crypto::Sha256Digest>& hello_hash) {
  auto& end = at(side);
  end.hellos = 0;
  end.reported.fill(false);
  end.announced = hello_hash;
  if (hello_hash) {
    if (handshake_.has(side) && handshake_.helloHash(side) != *hello_hash) handshake_.forgetHello(side);
  } else if (end.described) {
    handshake_.expectAnotherHello(side);
  }
  end.described = true;
  if (!secure()) waiting_since_.reset();
}

Refusal Guard::onZrtp(Side from, Bytes datagram, TimePoint now) {
  const auto refusal = judge(from, datagram, now);
  if (refusal != Refusal::none) refuse(from, refusal);
  return refusal;
}

Refusal Guard::judge(Side from, Bytes datagram, TimePoint now) {
  if (!at(from).bucket.take(now)) return Refusal::throttled;
  const auto packet = parse(datagram);
  if (!packet) return Refusal::malformed;
  if (packet->type == Type::hello) {
    if (const auto refusal = judgeHello(from, *packet); refusal != Refusal::none) return refusal;
  }
  const bool was_secure = secure();
  const auto refusal = handshake_.judge(from, *packet);
  if (refusal == Refusal::none) note(from, *packet, was_secure);
  return refusal;
}

Refusal Guard::judgeHello(Side from, const Packet& packet) {
  auto& end = at(from);
  if (end.announced && crypto::sha256(packet.message) != *end.announced) return Refusal::helloHash;
  return ++end.hellos > kMostHellos ? Refusal::throttled : Refusal::none;
}

void Guard::note(Side from, const Packet& packet, bool was_secure) {
  ++counters_.passed[static_cast<std::size_t>(packet.type)];
  if (const auto* error = std::get_if<ErrorMessage>(&packet.body)) {
    report({EventKind::failed, "media.zrtp.error", from, error->code});
  }
  if (secure() && !was_secure) {
    ++counters_.agreements;
    waiting_since_.reset();
    tag_bytes_ = authTagBytes(handshake_.agreement().auth_tag);
    report({EventKind::agreed, "media.zrtp.agreed", handshake_.agreement().initiator, 0});
  }
}

Refusal Guard::onMedia(Side from, Channel content, Bytes datagram, TimePoint now) {
  if (!secure()) {
    if (!waiting_since_) waiting_since_ = now;
    if (now - *waiting_since_ >= kPatience) {
      report({EventKind::failed, "media.zrtp.never_agreed", from, 0});
      waiting_since_ = TimePoint::max();  // said once until something changes
    }
    refuse(from, Refusal::beforeAgreement);
    return Refusal::beforeAgreement;
  }
  if (mayBeSrtp(content, datagram, tag_bytes_)) return Refusal::none;
  refuse(from, Refusal::notSrtp);
  return Refusal::notSrtp;
}

void Guard::refuse(Side from, Refusal refusal) {
  const auto index = static_cast<std::size_t>(refusal);
  ++counters_.refused[index];
  auto& reported = at(from).reported[index];
  if (reported || !isWorthReporting(refusal)) return;
  reported = true;
  const bool downgrade = refusal == Refusal::goClear || refusal == Refusal::notSrtp;
  report({downgrade ? EventKind::downgradeRefused : EventKind::failed, codeOf(refusal), from, 0});
}

void Guard::report(const Event& event) {
  if (events_.size() < kMostEvents) events_.push_back(event);
}

}  // namespace sallyport::media::zrtp
