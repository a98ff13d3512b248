// SPDX-License-Identifier: Apache-2.0
#include "call/transcoding_slots.h"

#include <string>

namespace sallyport::call {

Result<TranscodingSlots::Permit> TranscodingSlots::take(unsigned most) {
  if (in_use_.fetch_add(1, std::memory_order_relaxed) >= most) {
    in_use_.fetch_sub(1, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return Error{ErrorKind::overloaded, "media.transcoding.exhausted",
                 std::to_string(most) + " calls are transcoded at once, and no more"};
  }
  calls_.fetch_add(1, std::memory_order_relaxed);
  return Permit{*this};
}

void TranscodingSlots::count(std::uint64_t packets) { packets_.fetch_add(packets, std::memory_order_relaxed); }

TranscodingSlots::Counters TranscodingSlots::counters() const {
  const auto of = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  return {of(calls_), of(refused_), of(packets_)};
}

}  // namespace sallyport::call
