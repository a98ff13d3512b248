// SPDX-License-Identifier: Apache-2.0
#pragma once
// The admission chain: an ordered row of small rules, the first refusal wins. A rule in shadow is evaluated,
// counted and logged but does not decide; a rule that is off is not evaluated. Every request of every method
// passes the same chain, in a dialog or not.
//
// Built once per policy and shared by all workers; judge() is thread-safe. Reads no clock. What it lets pass
// is an AdmittedRequest, which nothing else can make.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "guard/decision_log.h"
#include "guard/limits.h"
#include "guard/verdict.h"

namespace sallyport::guard {

enum class RuleMode : std::uint8_t { off, shadow, enforce };
std::string_view toString(RuleMode mode);

// The permits that one request took: one per concurrency rule. Given back together when destroyed.
class CallPermits {
 public:
  static constexpr std::size_t kMost = 8;
  CallPermits() = default;
  CallPermits(CallPermits&& other) noexcept
      : permits_(std::move(other.permits_)), count_(std::exchange(other.count_, 0)) {}
  CallPermits& operator=(CallPermits&& other) noexcept {
    permits_ = std::move(other.permits_);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }
  void add(CallPermit permit);
  std::size_t count() const { return count_; }

 private:
  std::array<CallPermit, kMost> permits_;
  std::size_t count_ = 0;
};

class Rule {
 public:
  virtual ~Rule() = default;
  virtual std::string_view name() const = 0;  // static storage; stable, greppable
  // Thread-safe. A concurrency rule adds its permit before it says whether that is one too many.
  virtual Verdict judge(const RequestFacts& facts, TimePoint now, CallPermits& permits) = 0;
};

// Proof that the chain let this request pass. Of an initial INVITE it holds the permits: keep it, or what
// takePermits() returns, for as long as the call lives.
class AdmittedRequest {
 public:
  AdmittedRequest(AdmittedRequest&&) noexcept = default;
  AdmittedRequest& operator=(AdmittedRequest&&) noexcept = default;

  CallPermits takePermits() { return std::move(permits_); }

 private:
  friend class AdmissionChain;
  explicit AdmittedRequest(CallPermits permits) : permits_(std::move(permits)) {}
  CallPermits permits_;
};

using Admission = std::variant<AdmittedRequest, Refusal>;

struct RuleReport {
  std::string_view name;
  RuleMode mode = RuleMode::enforce;
  std::uint64_t evaluated = 0;
  std::uint64_t admitted = 0;
  std::uint64_t refused = 0;
  std::uint64_t shadow_refused = 0;
};

class AdmissionChain {
 public:
  struct Entry {
    std::unique_ptr<Rule> rule;
    RuleMode mode = RuleMode::enforce;
  };
  // `log` may be absent; when given it outlives the chain.
  explicit AdmissionChain(std::vector<Entry> rules, DecisionLog* log = nullptr);

  // An ACK is never answered, so what would refuse it drops it; a CANCEL is never challenged (RFC 3261 22.1).
  Admission judge(const RequestFacts& facts, TimePoint now);

  std::vector<RuleReport> report() const;

 private:
  struct alignas(64) Slot {
    std::unique_ptr<Rule> rule;
    RuleMode mode = RuleMode::enforce;
    std::atomic<std::uint64_t> refused{0}, shadow_refused{0};
  };
  Refusal refuse(const RequestFacts& facts, const Slot& slot, Verdict verdict, TimePoint now);

  // What a rule evaluated and admitted follows from these: the chain is a row, and most requests pass it all.
  std::atomic<std::uint64_t> judged_{0};
  std::vector<std::unique_ptr<Slot>> slots_;
  DecisionLog* log_;
};

}  // namespace sallyport::guard
