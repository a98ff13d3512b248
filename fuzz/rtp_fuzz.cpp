// SPDX-License-Identifier: Apache-2.0
// What a stranger can send to a media port before any key is asked: datagram kind, RTP header, RTCP walk.
// Everything read lies inside the datagram, and what our own reader accepts our own builder can write.
#include <array>
#include <cstdlib>

#include "core/check.h"
#include "media/round_trip_meter.h"
#include "media/rtcp.h"
#include "media/rtp.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;

bool inside(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void walkRtp(Bytes datagram) {
  const auto header = parseRtpHeader(datagram);
  if (!header) return;
  SP_CHECK(header->payload_offset >= kRtpFixedHeaderBytes && header->payload_offset <= datagram.size());
  const auto payload = payloadOf(datagram, *header);
  SP_CHECK(!payload || inside(*payload, datagram));

  std::array<std::uint8_t, kRtpFixedHeaderBytes> written{};
  writeRtpHeader(written, *header);
  const auto again = parseRtpHeader(written);
  SP_CHECK(again && again->ssrc == header->ssrc && again->sequence == header->sequence &&
           again->timestamp == header->timestamp && again->payload_type == header->payload_type &&
           again->marker == header->marker);
}

void walkRtcp(Bytes datagram) {
  RtcpReader reader{datagram};
  std::size_t packets = 0;
  while (const auto packet = reader.next()) {
    SP_CHECK(inside(packet->body, datagram));
    SP_CHECK(++packets <= datagram.size() / 4);
    for (std::size_t number = 0; const auto block = reportBlockOf(*packet, number); ++number) {
      std::array<std::uint8_t, 64> out{};
      RtcpBuilder builder{out};
      SP_CHECK(builder.receiverReport(1, {&*block, 1}));
      RtcpReader back{builder.written()};
      const auto copy = reportBlockOf(*back.next(), 0);
      SP_CHECK(copy && copy->cumulative_lost == block->cumulative_lost && copy->jitter == block->jitter &&
               copy->delay_since_last_report == block->delay_since_last_report);
      static_cast<void>(roundTrip(*block, block->highest_sequence));
    }
    static_cast<void>(senderInfoOf(*packet));
  }
  SP_CHECK(!judgeRtcp(datagram) || !reader.malformed());

  RoundTripMeter meter;
  const TimePoint now{std::chrono::hours{1}};
  meter.onSentToPeer(datagram, now);
  meter.onHeardFromPeer(datagram, now + std::chrono::seconds{1});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes datagram{data, size};
  static_cast<void>(classify(datagram));
  walkRtp(datagram);
  walkRtcp(datagram);
  return 0;
}
