// SPDX-License-Identifier: Apache-2.0
#pragma once
// For this room's tests: descriptions built from lines, and outcomes as text.

#include <string>
#include <string_view>
#include <vector>

#include "sdp/base64.h"
#include "sdp/offer_answer.h"

namespace sallyport::sdp::testing {

inline std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& line : all) text.append(line).append("\r\n");
  return text;
}

// Of the key's own bytes: `fill` repeated, so that keys can be told apart.
inline std::string keyText(std::size_t bytes, std::uint8_t fill = 1) {
  return encodeBase64(Bytes{std::vector<std::uint8_t>(bytes, fill)});
}

inline const std::string kCm128 = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

// A description around `media` lines.
inline std::string description(const std::vector<std::string>& media, const std::string& address = "192.0.2.10") {
  return lines({"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 " + address, "t=0 0"}) + lines(media);
}

inline Result<AudioDescription> offerIn(std::string_view text, const MediaPolicy& policy = {}) {
  auto session = Session::parse(text);
  if (!session) return std::move(session).error();
  return readOffer(*session, policy);
}

inline Result<AudioDescription> answerIn(std::string_view text, const LocalAudio& offer,
                                         const MediaPolicy& policy = {}) {
  auto session = Session::parse(text);
  if (!session) return std::move(session).error();
  return readAnswer(*session, offer, policy);
}

inline std::string outcome(const Result<AudioDescription>& result) {
  return result ? "accepted" : std::string{result.error().code};
}

inline std::vector<int> numbersOf(const std::vector<CodecFormat>& formats) {
  std::vector<int> numbers;
  for (const auto& format : formats) numbers.push_back(format.payload_type);
  return numbers;
}

}  // namespace sallyport::sdp::testing
