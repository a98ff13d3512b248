// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reliable provisional responses (RFC 3262) as two machines without I/O: what the answering side has sent and waits
// to see acknowledged, and in which order the asking side acknowledges what it hears. Owned by one leg of a call.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "sip/message.h"
#include "sip/transaction_types.h"

namespace sallyport::call {

inline constexpr std::string_view kReliableTag = "100rel";

// RAck: response number, CSeq number, method.
struct RAck {
  std::uint32_t rseq = 0;
  std::uint32_t cseq = 0;
  sip::Method method = sip::Method::other;

  // Error: "sip.rack" (absent, repeated or malformed): answer 400.
  static Result<RAck> in(const sip::Message& prack);
  std::string toString() const;
  friend bool operator==(const RAck&, const RAck&) = default;
};

// The answering side (RFC 3262 3): one response at a time waits for its PRACK, resent at T1, 2*T1, 4*T1 ...
class UnackedProvisional {
 public:
  explicit UnackedProvisional(std::uint32_t first_rseq) : rseq_(first_rseq) {}

  bool isWaiting() const { return waiting_ && !waiting_->stopped; }
  bool describes() const { return isWaiting() && waiting_->describes; }  // what waits carries SDP
  std::uint32_t nextRseq() const { return rseq_; }

  enum class Body : std::uint8_t { none, sdp };
  // The response with nextRseq() to the INVITE `cseq` has been sent; nothing else may wait.
  void sent(std::string bytes, std::uint32_t cseq, Body body, TimePoint now, const sip::TimerConfig& timers);
  // True when it is what was waited for.
  bool onPrack(const RAck& rack);
  // The INVITE has its final answer: no more is sent, and a PRACK that is under way is still known.
  void stop() {
    if (waiting_) waiting_->stopped = true;
  }

  enum class Due : std::uint8_t { nothing, resend, giveUp };  // giveUp: 64*T1 without a PRACK
  Due advance(TimePoint now);
  const std::string& bytes() const { return waiting_->bytes; }
  std::optional<TimePoint> deadline() const;

 private:
  struct Waiting {
    std::string bytes;
    RAck awaited;
    bool describes = false;
    bool stopped = false;
    std::chrono::milliseconds interval{};
    TimePoint next{};
    TimePoint give_up{};
  };
  std::uint32_t rseq_;
  std::optional<Waiting> waiting_;
};

// The asking side (RFC 3262 4), for one INVITE: each early dialog counts for itself.
class ProvisionalOrder {
 public:
  // What the PRACK for this response says; nothing when there is to be none: it is not reliable, has been
  // acknowledged before, or one before it is missing.
  std::optional<RAck> acknowledge(const sip::Message& response);

 private:
  static constexpr std::size_t kMostDialogs = 16;
  std::map<std::string, std::uint32_t, std::less<>> last_;  // by To tag
};

// The RSeq of a response that requires 100rel; nothing for any other.
std::optional<std::uint32_t> reliableNumber(const sip::Message& response);

}  // namespace sallyport::call
