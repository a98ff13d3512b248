// SPDX-License-Identifier: Apache-2.0
#include "guard/admission_chain.h"

#include "core/check.h"

namespace sallyport::guard {
namespace {

void bump(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// RFC 3261 17.1.1.3 and 22.1: nothing answers an ACK, and a CANCEL carries no answer to a challenge.
Action answerable(Action action, std::string_view method) {
  if (method == "ACK") return Action::drop;
  if (method == "CANCEL" && action == Action::challenge) return Action::refuse;
  return action;
}

}  // namespace

std::string_view toString(RuleMode mode) {
  switch (mode) {
    case RuleMode::off: return "off";
    case RuleMode::shadow: return "shadow";
    case RuleMode::enforce: return "enforce";
  }
  return "enforce";
}

void CallPermits::add(CallPermit permit) {
  SP_CHECK(count_ < kMost);
  permits_[count_++] = std::move(permit);
}

AdmissionChain::AdmissionChain(std::vector<Entry> rules, DecisionLog* log) : log_(log) {
  for (auto& [rule, mode] : rules) {
    auto slot = std::make_unique<Slot>();
    slot->rule = std::move(rule);
    slot->mode = mode;
    slots_.push_back(std::move(slot));
  }
}

Admission AdmissionChain::judge(const RequestFacts& facts, TimePoint now) {
  CallPermits permits;
  for (const auto& slot : slots_) {
    if (slot->mode == RuleMode::off) continue;
    bump(slot->evaluated);
    auto verdict = slot->rule->judge(facts, now, permits);
    if (verdict.action == Action::admit) {
      bump(slot->admitted);
      continue;
    }
    if (slot->mode == RuleMode::shadow) {
      bump(slot->shadow_refused);
      if (log_ != nullptr) log_->wouldRefuse(facts, slot->rule->name(), verdict, now);
      continue;
    }
    bump(slot->refused);
    return refuse(facts, *slot, std::move(verdict), now);
  }
  if (log_ != nullptr && facts.scope == RequestScope::initial) log_->admitted(facts, now);
  return AdmittedRequest{std::move(permits)};
}

Refusal AdmissionChain::refuse(const RequestFacts& facts, const Slot& slot, Verdict verdict, TimePoint now) {
  verdict.action = answerable(verdict.action, facts.method);
  if (log_ != nullptr) log_->refused(facts, slot.rule->name(), verdict, now);
  return {slot.rule->name(), verdict.action, verdict.kind, verdict.code, std::move(verdict.facts), verdict.retry_after};
}

std::vector<RuleReport> AdmissionChain::report() const {
  std::vector<RuleReport> rules;
  for (const auto& slot : slots_) {
    rules.push_back({slot->rule->name(), slot->mode, slot->evaluated.load(std::memory_order_relaxed),
                     slot->admitted.load(std::memory_order_relaxed), slot->refused.load(std::memory_order_relaxed),
                     slot->shadow_refused.load(std::memory_order_relaxed)});
  }
  return rules;
}

}  // namespace sallyport::guard
