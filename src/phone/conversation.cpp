// SPDX-License-Identifier: Apache-2.0
#include "phone/conversation.h"

#include "phone/phone.h"

namespace sallyport::phone {
namespace {

Error over() { return {ErrorKind::unavailable, "phone.call.over", "the call is over"}; }

}  // namespace

void Conversation::ring() {
  if (call_ == nullptr || ended_) return;
  phone_.at([this] { call_->ring(); });
}

Status Conversation::answer() {
  if (call_ == nullptr || ended_) return over();
  return phone_.at([this] { return phone_.answer(*this); });
}

void Conversation::reject(int status) {
  if (call_ == nullptr || ended_) return;
  phone_.at([&] { call_->reject(status); });
}

Status Conversation::hold() {
  if (call_ == nullptr || ended_) return over();
  return phone_.at([this] { return call_->offerDirection(sdp::Direction::sendonly); });
}

Status Conversation::resume() {
  if (call_ == nullptr || ended_) return over();
  return phone_.at([this] { return call_->offerDirection(sdp::Direction::sendrecv); });
}

Status Conversation::sendDigits(std::string_view keys) {
  if (!media_ || ended_) return over();
  return media_->sendDigits(keys);
}

void Conversation::setSas(MediaSession::Comparison comparison) {
  if (!media_ || ended_) return;
  media_->setSas(comparison);
  if (comparison == MediaSession::Comparison::same) return;
  phone_.onMediaFailed(*this, {ErrorKind::peerDenied, "phone.zrtp.sas_differs", "somebody is in the middle"});
}

void Conversation::hangUp() {
  if (ended_) return;
  if (call_ == nullptr) {  // still dialling
    dial_.reset();
    return phone_.endWithoutCall(*this, {"phone.call.cancelled", "we gave up before it was placed", 0, {}});
  }
  phone_.at([this] { call_->hangUp(); });
}

}  // namespace sallyport::phone
