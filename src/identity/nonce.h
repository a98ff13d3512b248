// SPDX-License-Identifier: Apache-2.0
#pragma once
// Nonces of our challenges. A nonce is stateless: it says when it was made, and a MAC under a key of this
// process binds it to the connection and the realm it was made for. What a stranger asks for therefore costs
// no memory; only an answer that proved right is remembered, so that none is taken twice.
//
// RFC 7616 3.3, 5.5. `now` is an argument. Nonces are immutable and shared by all workers; NonceCounts is one
// worker's, as are the connections whose nonces it counts.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/secret.h"
#include "sip/transaction_layer.h"

namespace sallyport::identity {

// What a nonce says of itself once its MAC has been checked.
struct NonceFacts {
  WallTime issued;
  std::uint64_t id = 0;  // random; with `issued` it names the nonce
};

class Nonces {
 public:
  // 32 random bytes of this process. Who shares a key must never use a FlowId that another has used: a connection
  // and its count of uses are one process's.
  explicit Nonces(Secret key);
  std::string issue(sip::FlowId flow, std::string_view realm, WallTime now) const;
  // Nothing: not made by us, or for another connection or realm. Costs the same whatever it is.
  std::optional<NonceFacts> check(std::string_view nonce, sip::FlowId flow, std::string_view realm) const;

 private:
  Secret key_;
};

// Takes each (nonce, count) once, with counts that rise, for one user. Bounded: when there is no room the
// oldest nonce is forgotten, and from then on nothing of its age or older that is not remembered is taken:
// a client is asked again, a replay never passes.
class NonceCounts {
 public:
  explicit NonceCounts(std::size_t capacity = 65'536) : capacity_(capacity) {}

  enum class Verdict : std::uint8_t { taken, stale };
  // `lifetime` is how long a nonce is good; one that seems to come from the future is not.
  Verdict take(const NonceFacts& nonce, std::uint32_t count, std::string_view user, WallTime now,
               std::chrono::seconds lifetime);
  std::size_t size() const { return used_.size(); }

 private:
  struct Use {
    std::uint32_t highest = 0;
    std::size_t user = 0;  // hash of the name
  };
  using Name = std::pair<WallTime, std::uint64_t>;

  void forgetOldest();

  std::size_t capacity_;
  std::map<Name, Use> used_;
  WallTime forgotten_ = WallTime::min();  // no nonce issued then or before is taken for the first time
};

}  // namespace sallyport::identity
