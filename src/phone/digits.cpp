// SPDX-License-Identifier: Apache-2.0
#include "phone/digits.h"

#include <cctype>
#include <string_view>

namespace sallyport::phone {
namespace {

constexpr std::string_view kKeys = "0123456789*#ABCD";  // in the order of RFC 4733 3.2
constexpr std::size_t kEventBytes = 4;
constexpr std::uint16_t kLongestSegment = 0xFFFF;

}  // namespace

std::optional<std::uint8_t> eventOf(char key) {
  const auto at = kKeys.find(static_cast<char>(std::toupper(static_cast<unsigned char>(key))));
  return at == std::string_view::npos ? std::nullopt : std::optional{static_cast<std::uint8_t>(at)};
}

std::optional<char> keyOf(std::uint8_t event) {
  return event < kKeys.size() ? std::optional{kKeys[event]} : std::nullopt;
}

void DigitListener::push(const media::RtpHeader& header, Bytes payload) {
  ByteReader reader{payload};
  const auto event = reader.u8();
  (void)reader.u8();  // end, volume
  const auto duration = reader.u16();
  const auto key = event ? keyOf(*event) : std::nullopt;
  if (payload.size() < kEventBytes || !key) return;
  const bool same_stream = last_ && last_->ssrc == header.ssrc;
  if (same_stream) {
    const auto later = static_cast<std::int32_t>(header.timestamp - last_->timestamp);
    if (later == 0) last_->duration = std::max(last_->duration, *duration);
    if (later <= 0) return;  // of the key that was noted, or late of one before
  }
  const bool goes_on = same_stream && last_->event == *event && last_->duration == kLongestSegment &&
                       header.timestamp - last_->timestamp == kLongestSegment;
  last_ = Last{header.ssrc, header.timestamp, *event, *duration};
  if (!goes_on && keys_.size() < kMostKeys) keys_ += *key;
}

}  // namespace sallyport::phone
