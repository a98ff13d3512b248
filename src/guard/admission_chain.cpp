// SPDX-License-Identifier: Apache-2.0
#include "guard/admission_chain.h"

#include "core/check.h"

namespace sallyport::guard {
namespace {

void bump(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_acq_rel); }

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
  bump(judged_);
  CallPermits permits;
  for (const auto& slot : slots_) {
    if (slot->mode == RuleMode::off) continue;
    auto verdict = slot->rule->judge(facts, now, permits);
    if (verdict.action == Action::admit) continue;
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
  // Refusals are read before the requests they are part of, so that no difference goes below zero.
  std::vector<RuleReport> rules;
  for (const auto& slot : slots_) {
    RuleReport report{slot->rule->name(), slot->mode};
    report.refused = slot->refused.load(std::memory_order_acquire);
    report.shadow_refused = slot->shadow_refused.load(std::memory_order_acquire);
    rules.push_back(report);
  }
  auto reaching = judged_.load(std::memory_order_acquire);
  for (auto& report : rules) {
    if (report.mode == RuleMode::off) continue;
    report.evaluated = reaching;
    report.admitted = reaching - report.refused - report.shadow_refused;
    reaching -= report.refused;
  }
  return rules;
}

}  // namespace sallyport::guard
