// SPDX-License-Identifier: Apache-2.0
// Event and Subscription-State from a stranger: what is read is written again as itself, short and on one line.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sip/event_headers.h"

namespace {

using namespace sallyport;
using namespace sallyport::sip;

void require(bool held) {
  if (!held) std::abort();
}

bool isPlain(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c == 0x7F) return false;
  }
  return text.size() <= 320;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto event = EventHeader::parse(text)) {
    const auto written = event->toString();
    require(isPlain(written));
    const auto again = EventHeader::parse(written);
    require(again.ok() && *again == *event);
  }
  if (const auto state = SubscriptionState::parse(text)) {
    const auto written = state->toString();
    require(isPlain(written));
    const auto again = SubscriptionState::parse(written);
    require(again.ok() && again->toString() == written);
  }
  return 0;
}
