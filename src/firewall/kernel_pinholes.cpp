// SPDX-License-Identifier: Apache-2.0
#include "firewall/kernel_pinholes.h"

#include <algorithm>

namespace sallyport::firewall {
namespace {

using telemetry::Severity;

constexpr std::chrono::milliseconds kScan{1'000};  // how often what is open is looked through for age

Error refusal(const char* code, const char* detail) { return {ErrorKind::overloaded, code, detail}; }

}  // namespace

KernelPinholes::KernelPinholes(Helper helper, KernelPinholesOptions options, telemetry::EventSink& log)
    : helper_(std::move(helper)), options_(options), log_(log) {
  statistics_.standing = Standing::filtering;
  thread_ = std::thread{[this] { run(); }};
}

KernelPinholes::~KernelPinholes() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
  (void)helper_.ask({Request::Kind::tearDown, 0, {}});
}

Status KernelPinholes::open(const Endpoint& local, std::optional<IpAddress> source) {
  const std::lock_guard lock{mutex_};
  const bool required = options_.demand == Demand::required;
  if (statistics_.standing == Standing::down) {
    ++statistics_.failures;
    if (required) return refusal("firewall.helper.gone", "nothing can be opened in the kernel any more");
    return success();
  }
  const auto found = entries_.find(local);
  const bool more = found == entries_.end() || !found->second.wanted;
  if (required && more && open_ >= options_.most) {
    ++statistics_.failures;
    return refusal("firewall.pinholes.full", "'max_pinholes' in [firewall] are open");
  }
  auto& entry = entries_[local];
  if (more) ++open_;
  entry.source = source;
  entry.state = State::asked;
  entry.wanted = true;
  setWaiting(local, entry);
  return success();
}

void KernelPinholes::close(const Endpoint& local) {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(local);
  if (found == entries_.end() || !found->second.wanted) return;
  --open_;
  found->second.wanted = false;
  setWaiting(local, found->second);
}

std::string KernelPinholes::admitted(const Endpoint& local) const {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(local);
  if (found == entries_.end() || !found->second.wanted) return {};
  const auto& entry = found->second;
  if (entry.state != State::held) return entry.state == State::asked ? "asked" : "failed";
  return entry.source ? entry.source->toString() : "any";
}

Statistics KernelPinholes::statistics() const {
  const std::lock_guard lock{mutex_};
  return statistics_;
}

void KernelPinholes::setWaiting(const Endpoint& local, Entry& entry) {
  if (entry.waiting) return;
  entry.waiting = true;
  waiting_.push_back(local);
  work_.notify_one();
}

// Changes first; the helper's figures when nothing else was asked for a while, by which its end is noticed too.
void KernelPinholes::run() {
  const auto scan = std::min(kScan, options_.refresh / 4);
  auto next_look = clock_.steady() + options_.poll;
  for (;;) {
    std::vector<Change> changes;
    {
      std::unique_lock lock{mutex_};
      work_.wait_until(lock, std::min(next_look, clock_.steady() + scan),
                       [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      if (statistics_.standing == Standing::down) continue;
      changes = nextChanges(clock_.steady());
    }
    if (!changes.empty()) bring(changes);
    if (clock_.steady() < next_look) continue;
    next_look = clock_.steady() + options_.poll;
    const auto figures = helper_.ask({Request::Kind::count, 0, {}});
    const std::lock_guard lock{mutex_};
    if (figures) {
      statistics_.dropped = figures->dropped;
      adopt(*figures);
    } else {
      lose(figures.error());
    }
  }
}

// What waits to be told, and what is getting old.
std::vector<Change> KernelPinholes::nextChanges(TimePoint now) {
  if (now >= next_refresh_) {
    next_refresh_ = now + std::min(kScan, options_.refresh / 4);
    for (auto& [local, entry] : entries_) {
      if (entry.wanted && now - entry.refreshed >= options_.refresh) setWaiting(local, entry);
    }
  }
  std::vector<Change> changes;
  while (!waiting_.empty() && changes.size() < kMostChanges) {
    const auto local = waiting_.back();
    waiting_.pop_back();
    auto& entry = entries_.at(local);
    entry.waiting = false;
    const auto operation = !entry.wanted                ? Operation::close
                           : entry.state == State::held ? Operation::extend
                                                        : Operation::open;
    changes.push_back({operation, local, options_.timeout, entry.source});
  }
  return changes;
}

void KernelPinholes::bring(const std::vector<Change>& changes) {
  const auto reply = helper_.ask({Request::Kind::change, 0, changes});
  const std::lock_guard lock{mutex_};
  if (!reply) return lose(reply.error());
  if (reply->outcomes.size() != changes.size()) {
    return lose(
        Error{ErrorKind::internal, "firewall.helper.answer", std::string{"it could not read what it was sent"}});
  }
  settle(changes, *reply, clock_.steady());
  adopt(*reply);
}

void KernelPinholes::settle(const std::vector<Change>& changes, const Reply& reply, TimePoint now) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& [operation, local, timeout, source] = changes[i];
    auto& entry = entries_.at(local);
    if (entry.waiting) continue;  // something else is wanted of it by now
    if (operation == Operation::close) {
      entries_.erase(local);
      continue;
    }
    entry.refreshed = now;
    const bool done = reply.outcomes[i] == Outcome::done;
    if (!done && entry.state != State::failed) {
      ++statistics_.failures;
      log_.event(Severity::warning, "firewall.pinhole_failed",
                 {{"local", local.toString()}, {"reason", toString(reply.outcomes[i])}, {"detail", reply.detail}});
    }
    entry.state = done ? State::held : State::failed;
  }
}

void KernelPinholes::adopt(const Reply& reply) {
  statistics_.pinholes = reply.pinholes;
  if (statistics_.standing == reply.standing) return;
  statistics_.standing = reply.standing;
  if (reply.standing == Standing::filtering) {
    log_.event(Severity::notice, "firewall.filtering", {{"pinholes", reply.pinholes}});
  } else {
    log_.event(Severity::warning, "firewall.not_filtering",
               {{"standing", toString(reply.standing)}, {"pinholes", reply.pinholes}, {"detail", reply.detail}});
  }
}

// With its helper the table has gone: the kernel takes it away with its owner.
void KernelPinholes::lose(const Error& error) {
  statistics_.standing = Standing::down;
  statistics_.pinholes = 0;
  entries_.clear();
  waiting_.clear();
  open_ = 0;
  log_.event(Severity::error, "firewall.helper_lost", {{"reason", error.code}, {"detail", error.detail}});
}

}  // namespace sallyport::firewall
