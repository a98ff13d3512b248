// SPDX-License-Identifier: Apache-2.0
// A stranger's ZRTP: everything read lies inside the datagram. And a guard between two ends that say anything in any
// order: no media passes before Conf2ACK has, GoClear never does, and what is refused changes nothing.
//
// The input is a row of datagrams, each behind three bytes: its sender (lowest bit; the next bit makes its checksum
// right, the next after it says that it is media) and its length.
#include <cstdlib>
#include <vector>

#include "core/check.h"
#include "media/zrtp/crc32c.h"
#include "media/zrtp/guard.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;
using namespace sallyport::media::zrtp;

constexpr std::uint8_t kFromB = 1, kMendChecksum = 2, kMedia = 4, kDescribe = 8;

template <typename Part>
bool inside(const Part& part, Bytes whole) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(part.data());
  return part.empty() || (begin >= whole.data() && begin + part.size() <= whole.data() + whole.size());
}

void look(Bytes datagram) {
  const auto packet = parse(datagram);
  if (!packet) return;
  SP_CHECK(classify(datagram) == DatagramKind::zrtp && inside(packet->message, datagram));
  SP_CHECK(!toString(packet->type).empty());
  if (const auto* hello = std::get_if<Hello>(&packet->body)) {
    SP_CHECK(inside(hello->h3, datagram) && inside(hello->zid, datagram) && inside(hello->client, datagram));
    for (const auto* list :
         {&hello->hashes, &hello->ciphers, &hello->auth_tags, &hello->agreements, &hello->sas_types}) {
      for (std::size_t i = 0; i < list->size(); ++i) SP_CHECK(inside(list->at(i), datagram) && list->has(list->at(i)));
    }
  } else if (const auto* commit = std::get_if<Commit>(&packet->body)) {
    SP_CHECK(inside(commit->h2, datagram) && inside(commit->hvi, datagram) && inside(commit->sas_type, datagram));
  } else if (const auto* part = std::get_if<DhPart>(&packet->body)) {
    SP_CHECK(inside(part->h1, datagram) && inside(part->public_value, datagram) && !part->public_value.empty());
  }
}

void give(Guard& guard, Side from, Bytes datagram, TimePoint now) {
  const bool was_secure = guard.secure();
  const auto acknowledged = guard.counters().of(Type::conf2Ack);
  const auto refusal = guard.onZrtp(from, datagram, now);
  if (refusal != Refusal::none) SP_CHECK(guard.secure() == was_secure);
  if (!was_secure && guard.secure()) SP_CHECK(guard.counters().of(Type::conf2Ack) == acknowledged + 1);
  SP_CHECK(guard.counters().of(Type::goClear) + guard.counters().of(Type::clearAck) == 0);
  SP_CHECK((guard.agreement() != nullptr) == guard.secure());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Guard guard;
  TimePoint now{std::chrono::hours{1}};
  ByteReader input{{data, size}};
  while (const auto how = input.u8()) {
    const auto length = input.u16();
    const auto bytes = length ? input.take(std::min<std::size_t>(*length, input.remaining())) : std::nullopt;
    if (!bytes) break;
    const auto from = (*how & kFromB) != 0 ? Side::b : Side::a;
    std::vector<std::uint8_t> datagram(bytes->begin(), bytes->end());
    if ((*how & kMendChecksum) != 0 && datagram.size() > 4) {
      storeBe32(&datagram[datagram.size() - 4], crc32c(Bytes{datagram}.first(datagram.size() - 4)));
    }
    now += std::chrono::milliseconds{20};
    if ((*how & kDescribe) != 0) guard.onDescription(from, std::nullopt);
    if ((*how & kMedia) != 0) {
      const auto refusal = guard.onMedia(from, Channel::rtp, datagram, now);
      SP_CHECK(guard.secure() || refusal == Refusal::beforeAgreement);
    } else {
      look(datagram);
      give(guard, from, datagram, now);
    }
    if ((*how & kDescribe) != 0) static_cast<void>(guard.takeEvents());
    SP_CHECK(guard.takeEvents().size() <= Guard::kMostEvents);
  }
  return 0;
}
