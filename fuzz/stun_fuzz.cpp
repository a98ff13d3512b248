// SPDX-License-Identifier: Apache-2.0
// A stranger's STUN: everything read lies inside the datagram, nothing verifies under a key that did not make it, and
// what was read can be written again so that it reads the same.
#include <array>
#include <cstdlib>

#include "core/check.h"
#include "media/rtp.h"
#include "media/stun/integrity.h"
#include "media/stun/message_writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;
using namespace sallyport::media::stun;

bool inside(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

const IntegrityKey& key() {
  static const std::array<std::uint8_t, 6> password{'s', 'e', 'c', 'r', 'e', 't'};
  static const IntegrityKey key{password};
  return key;
}

void rewrite(const Message& message, MutableBytes out) {
  MessageWriter writer{out, message.messageClass(), message.method(), message.transaction()};
  if (const auto name = message.username()) writer.username(*name);
  if (const auto priority = message.priority()) writer.priority(*priority);
  if (const auto tie_breaker = message.controlling()) writer.controlling(*tie_breaker);
  if (const auto tie_breaker = message.controlled()) writer.controlled(*tie_breaker);
  if (const auto endpoint = message.xorMappedAddress()) writer.xorMappedAddress(*endpoint);
  if (const auto error = message.errorCode()) writer.errorCode(*error);
  if (message.has(Attribute::useCandidate)) writer.useCandidate();
  writer.unknownAttributes(message.notUnderstood());
  writer.integrity(key(), Integrity::sha256);
  writer.fingerprint();
  if (writer.written().empty()) return;  // too long with what is added
  const auto again = Message::parse(writer.written());
  SP_CHECK(again && again->hasFingerprint() && authenticate(*again, key()));
  SP_CHECK(again->username() == message.username() && again->priority() == message.priority() &&
           again->controlling() == message.controlling() && again->controlled() == message.controlled() &&
           again->xorMappedAddress() == message.xorMappedAddress() &&
           again->errorCode().has_value() == message.errorCode().has_value() &&
           again->unknownAttributes() == message.notUnderstood());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes datagram{data, size};
  const auto message = Message::parse(datagram);
  if (!message) return 0;
  SP_CHECK(classify(datagram) == DatagramKind::stun || data[0] > 3);
  for (unsigned type = 0; type < 0x30; ++type) {
    const auto value = message->find(static_cast<Attribute>(type));
    SP_CHECK(!value || inside(*value, datagram));
  }
  static_cast<void>(authenticate(*message, key()));
  std::array<std::uint8_t, kLongestMessage> out;
  rewrite(*message, out);
  return 0;
}
