// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many calls may have their voice transcoded at once: it costs some hundred times what relaying does, so the
// operator says how many. And what came of it, for the metrics.
//
// One per process, shared by all workers, without locks. Outlives every permit.

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/result.h"

namespace sallyport::call {

class TranscodingSlots {
 public:
  struct Counters {
    std::uint64_t calls = 0, refused = 0;
    std::uint64_t packets = 0;  // sent, made of others
  };

  // The right of one call. Ends with it.
  class Permit {
   public:
    Permit() = default;
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    friend class TranscodingSlots;
    struct GiveBack {
      void operator()(TranscodingSlots* slots) const { slots->in_use_.fetch_sub(1, std::memory_order_relaxed); }
    };
    explicit Permit(TranscodingSlots& slots) : slots_(&slots) {}
    std::unique_ptr<TranscodingSlots, GiveBack> slots_;
  };

  // Error: "media.transcoding.exhausted" (overloaded) when `most` are in use.
  Result<Permit> take(unsigned most);
  bool isFree(unsigned most) const { return inUse() < most; }
  void count(std::uint64_t packets);

  unsigned inUse() const { return in_use_.load(std::memory_order_relaxed); }
  Counters counters() const;

 private:
  std::atomic<unsigned> in_use_{0};
  std::atomic<std::uint64_t> calls_{0}, refused_{0}, packets_{0};
};

}  // namespace sallyport::call
