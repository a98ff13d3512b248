// SPDX-License-Identifier: Apache-2.0
#include "call/registrations.h"

#include <algorithm>
#include <iterator>

#include "crypto/random.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kTokenCharacters = 20;

using Bound = std::vector<BindingPtr>;

// The binding of `bound` that a contact means; the end when there is none.
Bound::const_iterator find(const Bound& bound, const ContactKey& contact) {
  return std::find_if(bound.begin(), bound.end(),
                      [&](const BindingPtr& binding) { return binding->contact.matches(contact); });
}

Bound liveOf(const Bound& bound, WallTime now) {
  Bound live;
  live.reserve(bound.size());
  std::copy_if(bound.begin(), bound.end(), std::back_inserter(live),
               [&](const BindingPtr& binding) { return binding->expires > now; });
  return live;
}

Bound preferredFirst(Bound bound) {
  std::sort(bound.begin(), bound.end(), [](const BindingPtr& a, const BindingPtr& b) {
    return a->q != b->q ? a->q > b->q : a->registered > b->registered;
  });
  return bound;
}

// RFC 3261 10.3 steps 6 and 7, over everything that a change would touch.
Result<Registrations::Plan> planOver(const Bound& live, const RegistrationChange& change) {
  Registrations::Plan plan;
  for (const auto& update : change.updates) {
    const auto known = find(live, update.contact);
    plan.updated.push_back(known == live.end() ? nullptr : *known);
  }
  if (change.extent == RegistrationChange::Extent::all) plan.removed = live;
  for (const auto& removal : change.removals) {
    if (const auto known = find(live, removal); known != live.end()) plan.removed.push_back(*known);
  }
  const auto is_old = [&](const BindingPtr& known) {
    return known && known->call_id == change.call_id && change.cseq <= known->cseq;
  };
  for (const auto* touched : {&plan.updated, &plan.removed}) {
    const auto old = std::find_if(touched->begin(), touched->end(), is_old);
    if (old == touched->end()) continue;
    return Error{ErrorKind::peerMisbehaved, "registrar.cseq.old",
                 std::to_string(change.cseq) + " after " + std::to_string((*old)->cseq)};
  }
  return plan;
}

// Those that must give way so that `wanted` more fit under `most`: without a connection, the longest there first.
Result<Bound> makeRoom(const Bound& live, const Registrations::Plan& plan, std::size_t most) {
  const auto is_in = [](const Bound& some, const BindingPtr& binding) {
    return std::find(some.begin(), some.end(), binding) != some.end();
  };
  Bound idle;
  std::size_t staying = 0;
  for (const auto& binding : live) {
    if (is_in(plan.removed, binding)) continue;
    ++staying;
    if (!binding->flow && !is_in(plan.updated, binding)) idle.push_back(binding);
  }
  const auto added = static_cast<std::size_t>(std::count(plan.updated.begin(), plan.updated.end(), nullptr));
  const std::size_t over = added == 0 || staying + added <= most ? 0 : staying + added - most;
  if (over > idle.size()) {
    return Error{ErrorKind::peerDenied, "registrar.contacts.full", std::to_string(most) + " for one address"};
  }
  std::sort(idle.begin(), idle.end(),
            [](const BindingPtr& a, const BindingPtr& b) { return a->registered < b->registered; });
  idle.resize(over);
  return idle;
}

}  // namespace

std::string qText(unsigned q) {
  const auto digits = std::to_string(kWholeQ + std::min(q, kWholeQ));
  return std::string{digits.front() == '1' ? "0." : "1."} + digits.substr(1);
}

bool ContactKey::matches(const ContactKey& other) const {
  const bool keeps_flows = reg_id != 0 && !instance.empty();
  const bool other_keeps_flows = other.reg_id != 0 && !other.instance.empty();
  if (keeps_flows || other_keeps_flows) return reg_id == other.reg_id && instance == other.instance;
  if (uri == other.uri) return true;
  const auto a = sip::Uri::parse(uri);
  const auto b = sip::Uri::parse(other.uri);
  return a && b && sip::equivalent(*a, *b);
}

void Registrations::adopt(Limits limits) {
  max_contacts_ = limits.contacts;
  max_aors_ = limits.aors;
}

Result<Registrations::Plan> Registrations::plan(const RegistrationChange& change, WallTime now) const {
  auto& shard = shardOf(change.aor);
  const std::lock_guard lock{shard.mutex};
  const auto entry = shard.entries.find(change.aor);
  const auto live = entry == shard.entries.end() ? Bound{} : liveOf(entry->second, now);
  SP_ASSIGN(auto plan, planOver(live, change));
  SP_TRY(makeRoom(live, plan, max_contacts_));
  return plan;
}

Result<std::vector<BindingPtr>> Registrations::apply(RegistrationChange change, WallTime now) {
  auto& shard = shardOf(change.aor);
  const std::lock_guard lock{shard.mutex};
  const auto entry = shard.entries.find(change.aor);
  const auto live = entry == shard.entries.end() ? Bound{} : liveOf(entry->second, now);
  SP_ASSIGN(const auto plan, planOver(live, change));
  SP_ASSIGN(const auto giving_way, makeRoom(live, plan, max_contacts_));
  if (entry == shard.entries.end()) {
    if (change.updates.empty()) return std::vector<BindingPtr>{};
    if (aors_.fetch_add(1) >= max_aors_) {
      --aors_;
      return Error{ErrorKind::overloaded, "registrar.table.full", std::to_string(max_aors_) + " addresses"};
    }
  }
  auto& bound = entry == shard.entries.end() ? shard.entries[change.aor] : entry->second;
  for (const auto* gone : {&plan.removed, &giving_way}) {
    for (const auto& binding : *gone) drop(shard, bound, binding);
  }
  for (std::size_t i = 0; i < change.updates.size(); ++i) {
    put(shard, bound, plan.updated[i], std::move(change.updates[i]));
  }
  auto now_bound = preferredFirst(liveOf(bound, now));
  if (bound.empty()) forget(shard, change.aor);
  return now_bound;
}

// --- asking -----------------------------------------------------------------------------------------------

std::vector<BindingPtr> Registrations::byAor(std::string_view aor, WallTime now) const {
  auto& shard = shardOf(aor);
  const std::lock_guard lock{shard.mutex};
  const auto entry = shard.entries.find(aor);
  return entry == shard.entries.end() ? Bound{} : preferredFirst(liveOf(entry->second, now));
}

BindingPtr Registrations::byToken(std::string_view token, WallTime now) const {
  std::string aor;
  {
    auto& tokens = tokensOf(token);
    const std::lock_guard lock{tokens.mutex};
    const auto known = tokens.entries.find(token);
    if (known == tokens.entries.end()) return nullptr;
    aor = known->second;
  }
  for (auto& binding : byAor(aor, now)) {
    if (binding->token == token) return std::move(binding);
  }
  return nullptr;
}

Result<std::vector<BindingPtr>> Registrations::reachable(std::string_view aor, WallTime now) const {
  auto bound = byAor(aor, now);
  if (bound.empty()) return Error{ErrorKind::unavailable, "registrar.no_binding", std::string{aor}};
  std::erase_if(bound, [](const BindingPtr& binding) { return !binding->flow; });
  if (bound.empty()) return Error{ErrorKind::unavailable, "registrar.no_flow", std::string{aor}};
  return bound;
}

std::vector<BindingPtr> Registrations::snapshot(WallTime now) const {
  Bound all;
  for (auto& shard : aor_shards_) {
    const std::lock_guard lock{shard.mutex};
    for (const auto& [aor, bound] : shard.entries) {
      auto live = preferredFirst(liveOf(bound, now));
      std::move(live.begin(), live.end(), std::back_inserter(all));
    }
  }
  return all;
}

// --- time and connections ---------------------------------------------------------------------------------

void Registrations::flowClosed(sip::FlowId flow) {
  forEachOf(flow, [](AorShard& shard, Bound& bound, const BindingPtr& binding) {
    auto without = std::make_shared<Binding>(*binding);
    without->flow.reset();
    shard.by_expiry.erase(binding);
    shard.by_expiry.insert(without);
    std::replace(bound.begin(), bound.end(), BindingPtr{binding}, BindingPtr{std::move(without)});
  });
}

std::vector<BindingPtr> Registrations::removeOf(sip::FlowId flow) {
  Bound removed;
  forEachOf(flow, [&](AorShard& shard, Bound& bound, const BindingPtr& binding) {
    removed.push_back(binding);
    drop(shard, bound, binding);
    if (bound.empty()) forget(shard, removed.back()->aor);
  });
  return removed;
}

// Under its address's lock, each binding that is reached over the flow. They are not of the flow any more afterwards.
void Registrations::forEachOf(sip::FlowId flow,
                              const std::function<void(AorShard&, std::vector<BindingPtr>&, const BindingPtr&)>& act) {
  std::unordered_map<std::string, std::string> affected;
  {
    auto& flows = flowsOf(flow);
    const std::lock_guard lock{flows.mutex};
    const auto known = flows.entries.find(static_cast<std::uint64_t>(flow));
    if (known == flows.entries.end()) return;
    affected = std::move(known->second);
    flows.entries.erase(known);
  }
  for (const auto& one : affected) {
    auto& shard = shardOf(one.second);
    const std::lock_guard lock{shard.mutex};
    const auto entry = shard.entries.find(one.second);
    if (entry == shard.entries.end()) continue;
    const auto found = std::find_if(entry->second.begin(), entry->second.end(), [&](const BindingPtr& binding) {
      return binding->token == one.first && binding->flow == flow;
    });
    if (found != entry->second.end()) act(shard, entry->second, BindingPtr{*found});
  }
}

std::vector<BindingPtr> Registrations::expire(WallTime now) {
  Bound expired;
  for (auto& shard : aor_shards_) {
    const std::lock_guard lock{shard.mutex};
    while (!shard.by_expiry.empty() && (*shard.by_expiry.begin())->expires <= now) {
      const BindingPtr binding = *shard.by_expiry.begin();
      auto& bound = shard.entries[binding->aor];
      drop(shard, bound, binding);
      if (bound.empty()) forget(shard, binding->aor);
      expired.push_back(binding);
    }
  }
  return expired;
}

void Registrations::restore(std::vector<Binding> bindings, WallTime now) {
  for (auto& binding : bindings) {
    if (binding.expires <= now || binding.token.empty()) continue;
    binding.flow.reset();
    auto& shard = shardOf(binding.aor);
    const std::lock_guard lock{shard.mutex};
    const auto [entry, is_new] = shard.entries.try_emplace(binding.aor);
    if (is_new) ++aors_;
    put(shard, entry->second, nullptr, std::move(binding));
  }
}

// --- the indexes, under the address's lock ----------------------------------------------------------------

// In the place of `known`, whose token and first registration stay; null: a new one.
void Registrations::put(AorShard& shard, std::vector<BindingPtr>& bound, const BindingPtr& known, Binding binding) {
  if (known) {
    binding.token = known->token;
    binding.registered = known->registered;
    if (known->flow && known->flow != binding.flow) unlinkFlow(*known);
    shard.by_expiry.erase(known);
  } else if (binding.token.empty()) {
    binding.token = newToken(binding.worker);
  }
  if (binding.flow && (!known || known->flow != binding.flow)) linkFlow(binding);
  const auto made = std::make_shared<const Binding>(std::move(binding));
  shard.by_expiry.insert(made);
  if (known) {
    std::replace(bound.begin(), bound.end(), known, made);
    return;
  }
  bound.push_back(made);
  auto& tokens = tokensOf(made->token);
  const std::lock_guard lock{tokens.mutex};
  tokens.entries.insert_or_assign(made->token, made->aor);
}

void Registrations::drop(AorShard& shard, std::vector<BindingPtr>& bound, const BindingPtr& binding) {
  if (binding->flow) unlinkFlow(*binding);
  {
    auto& tokens = tokensOf(binding->token);
    const std::lock_guard lock{tokens.mutex};
    tokens.entries.erase(binding->token);
  }
  shard.by_expiry.erase(binding);
  std::erase(bound, BindingPtr{binding});
}

void Registrations::forget(AorShard& shard, const std::string& aor) {
  shard.entries.erase(aor);
  --aors_;
}

void Registrations::linkFlow(const Binding& binding) {
  auto& flows = flowsOf(*binding.flow);
  const std::lock_guard lock{flows.mutex};
  flows.entries[static_cast<std::uint64_t>(*binding.flow)].insert_or_assign(binding.token, binding.aor);
}

void Registrations::unlinkFlow(const Binding& binding) {
  auto& flows = flowsOf(*binding.flow);
  const std::lock_guard lock{flows.mutex};
  const auto known = flows.entries.find(static_cast<std::uint64_t>(*binding.flow));
  if (known == flows.entries.end()) return;
  known->second.erase(binding.token);
  if (known->second.empty()) flows.entries.erase(known);
}

std::string newToken(unsigned worker) { return std::to_string(worker) + "-" + crypto::randomToken(kTokenCharacters); }

}  // namespace sallyport::call
