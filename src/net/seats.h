// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who has how many of the connections that a listener may have open, in all and from one source: an IPv4 address or an
// IPv6 /64. Inside this room only. Shared by a listener and the connections that came in by it, on one thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "core/endpoint.h"
#include "core/result.h"

namespace sallyport::net {

class Seats {
 public:
  Seats(std::size_t total, std::optional<std::size_t> per_source) : total_(total), per_source_(per_source) {}

  // Errors (overloaded): "net.connections.full", "net.connections.source".
  Status admits(const IpAddress& source) const;
  std::size_t taken() const { return taken_; }

 private:
  friend class Seat;
  void take(const IpAddress& source);
  void giveBack(const IpAddress& source);

  const std::size_t total_;
  const std::optional<std::size_t> per_source_;  // none: sources are not told apart, nor remembered
  std::size_t taken_ = 0;
  std::unordered_map<IpAddress, std::size_t> by_source_;
};

// One of them; given back when it goes.
class Seat {
 public:
  Seat() = default;
  Seat(std::shared_ptr<Seats> seats, const IpAddress& source) : seats_(std::move(seats)), source_(source) {
    seats_->take(source_);
  }
  Seat(Seat&& other) noexcept : seats_(std::move(other.seats_)), source_(other.source_) {}
  Seat& operator=(Seat&&) = delete;
  ~Seat() {
    if (seats_) seats_->giveBack(source_);
  }

 private:
  std::shared_ptr<Seats> seats_;
  IpAddress source_;
};

}  // namespace sallyport::net
