// SPDX-License-Identifier: Apache-2.0
#include "firewall/pinhole_table.h"

#include <algorithm>

namespace sallyport::firewall {

PinholeTable::PinholeTable(Scope scope, OnFull on_full, Kernel& kernel)
    : scope_(std::move(scope)), on_full_(on_full), kernel_(kernel) {}

Reply PinholeTable::handle(const Request& request) {
  Reply reply;
  reply.sequence = request.sequence;
  switch (request.kind) {
    case Request::Kind::setUp: setUp(reply); break;
    case Request::Kind::tearDown:
      tearDown();
      reply.outcomes = {Outcome::done};
      break;
    case Request::Kind::count:
      reply.outcomes = {standing_ == Standing::down ? Outcome::notSetUp : Outcome::done};
      break;
    case Request::Kind::change: {
      auto plans = plansOf(request.changes);
      carryOut(plans, reply.detail);
      settle(reply.detail);
      for (const auto& plan : plans) reply.outcomes.push_back(plan.outcome);
      break;
    }
  }
  reply.standing = standing_;
  reply.pinholes = static_cast<std::uint32_t>(held_);
  if (request.kind == Request::Kind::count && standing_ != Standing::down) {
    if (const auto printed = kernel_.run(countCommands())) reply.dropped = droppedIn(*printed);
  }
  return reply;
}

void PinholeTable::setUp(Reply& reply) {
  tearDown();
  const auto made = kernel_.run(setUpCommands(scope_));
  reply.outcomes = {made ? Outcome::done : Outcome::kernel};
  if (made) {
    standing_ = Standing::filtering;
  } else {
    reply.detail = made.error().detail;
  }
}

void PinholeTable::tearDown() {
  if (standing_ != Standing::down) (void)kernel_.run(tearDownCommands());
  standing_ = Standing::down;
  open_.clear();
  held_ = 0;
}

Outcome PinholeTable::validate(const Change& change) const {
  if (standing_ == Standing::down) return Outcome::notSetUp;
  if (scope_.of(change.local.address.family()) != change.local.address) return Outcome::foreignAddress;
  if (change.local.port < scope_.ports.first || change.local.port > scope_.ports.last) return Outcome::foreignPort;
  if (change.operation == Operation::close) return Outcome::done;
  if (change.timeout.count() < 1 || change.timeout > kLongestTimeout) return Outcome::wrongTimeout;
  if (change.source && change.source->family() != change.local.address.family()) return Outcome::wrongSource;
  return Outcome::done;
}

// `held`: how many are in the kernel once what was planned before this has been done.
PinholeTable::Plan PinholeTable::planOf(const Change& change, std::size_t held) const {
  Plan plan{change, validate(change), {}, std::nullopt};
  if (plan.outcome != Outcome::done) return plan;
  const auto found = open_.find(change.local);
  const bool is_held = found != open_.end() && found->second.where == Open::Where::kernel;
  if (change.operation == Operation::extend && found == open_.end()) {
    plan.outcome = Outcome::notOpen;
    return plan;
  }
  if (is_held) plan.commands = closeCommands(change.local, found->second.source);
  if (change.operation == Operation::close) return plan;
  plan.then = Open{change.operation == Operation::extend ? found->second.source : change.source, Open::Where::kernel};
  if (!is_held && held >= scope_.most) {
    plan.outcome = Outcome::full;
    return plan;
  }
  plan.commands += openCommands(change.local, plan.then->source, change.timeout);
  return plan;
}

std::vector<PinholeTable::Plan> PinholeTable::plansOf(const std::vector<Change>& changes) const {
  std::vector<Plan> plans;
  std::set<Endpoint> named;
  auto held = held_;
  for (const auto& change : changes) {
    if (!named.insert(change.local).second) {
      plans.push_back({change, Outcome::repeated, {}, std::nullopt});
      continue;
    }
    auto plan = planOf(change, held);
    const auto found = open_.find(change.local);
    const bool was = found != open_.end() && found->second.where == Open::Where::kernel;
    const bool will = plan.outcome == Outcome::done && plan.then.has_value();
    if (plan.outcome == Outcome::done) held = held - (was ? 1 : 0) + (will ? 1 : 0);
    plans.push_back(std::move(plan));
  }
  return plans;
}

// All in one transaction; where the kernel refuses that, each in one of its own, so that one costs no other its port.
void PinholeTable::carryOut(std::vector<Plan>& plans, std::string& why) {
  std::string commands;
  for (const auto& plan : plans) commands += plan.outcome == Outcome::done ? plan.commands : "";
  const bool whole = commands.empty() || kernel_.run(commands).ok();
  for (auto& plan : plans) {
    if (plan.outcome == Outcome::full) {
      notHeld(plan.change);
    } else if (plan.outcome == Outcome::done && whole) {
      remember(plan);
    } else if (plan.outcome == Outcome::done) {
      carryOut(plan, why);
    }
  }
}

void PinholeTable::carryOut(Plan& plan, std::string& why) {
  if (!plan.commands.empty()) {
    const auto done = kernel_.run(plan.commands);
    if (!done) {
      plan.outcome = Outcome::kernel;
      why = done.error().detail;
      if (plan.then) return notHeld(plan.change);
    }
  }
  remember(plan);
}

void PinholeTable::remember(const Plan& plan) {
  const auto found = open_.find(plan.change.local);
  if (found != open_.end()) {
    if (found->second.where == Open::Where::kernel) --held_;
    open_.erase(found);
  }
  if (!plan.then) return;
  open_.emplace(plan.change.local, *plan.then);
  ++held_;
}

// A port that is open and not in the kernel. One that was there for another source has what it had and times out.
void PinholeTable::notHeld(const Change& change) {
  auto source = change.source;
  const auto found = open_.find(change.local);
  if (found != open_.end()) {
    if (found->second.where == Open::Where::kernel) --held_;
    if (change.operation == Operation::extend) source = found->second.source;
    open_.erase(found);
  }
  if (on_full_ == OnFull::pass) open_.emplace(change.local, Open{source, Open::Where::nowhere});
}

// Filters while all that is open is in the kernel, and lets everything through otherwise.
void PinholeTable::settle(std::string& why) {
  if (standing_ == Standing::down) return;
  const auto wanted = open_.size() == held_ ? Standing::filtering : Standing::passing;
  if (wanted == standing_) return;
  const auto done = kernel_.run(wanted == Standing::passing ? passCommands() : filterCommands(scope_));
  if (done) {
    standing_ = wanted;
    return;
  }
  why = done.error().detail;
  if (wanted == Standing::passing) tearDown();  // rather no filter in the kernel than calls that are not heard
}

}  // namespace sallyport::firewall
