// SPDX-License-Identifier: Apache-2.0
#include "media/ice/lite_agent.h"

#include <algorithm>
#include <tuple>

#include "core/check.h"

namespace sallyport::media::ice {
namespace {

constexpr std::size_t kMostPaths = 16;

}  // namespace

IceLiteAgent::IceLiteAgent(LiteConfig config)
    : gate_(std::move(config.local), std::move(config.sources), config.limits),
      candidates_(std::move(config.candidates)) {
  for (const auto& candidate : candidates_) SP_CHECK(candidate.component >= kRtp && candidate.component <= kComponents);
}

void IceLiteAgent::expect(std::string remote_ufrag) {
  std::erase_if(paths_,
                [&](const Path& path) { return path.generation == Generation::current && path.asker != remote_ufrag; });
  gate_.expect(std::move(remote_ufrag));
}

void IceLiteAgent::restart(Credentials local) {
  std::erase_if(
      paths_, [&](const Path& path) { return !path.selected && (isNominated(componentOf(path)) || !gate_.expects()); });
  gate_.restart(std::move(local));
  for (auto& path : paths_) path.generation = Generation::former;
}

IceLiteAgent::Reply IceLiteAgent::onStun(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now) {
  auto reply = judge(local, source, datagram, now);
  counters_.count(reply.outcome);
  return reply;
}

IceLiteAgent::Reply IceLiteAgent::judge(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now) {
  const auto message = stun::Message::parse(datagram);
  if (!message || local >= candidates_.size()) return {StunOutcome::malformed, {}};
  const auto admission = gate_.admit(local, source, *message, now);
  if (const auto* dropped = std::get_if<StunOutcome>(&admission)) return {*dropped, {}};
  const auto& check = std::get<AdmittedCheck>(admission);

  if (const auto flaw = CheckGate::flawOf(*check.message)) return {StunOutcome::refused, gate_.failure(check, *flaw)};
  // We are controlled, whatever numbers are drawn (RFC 8445 6.1.1): who believes the same is told to change.
  if (check.message->controlled()) return {StunOutcome::refused, gate_.failure(check, 487)};

  auto* path = find(local, source, check.generation);
  if (path == nullptr && check.generation == Generation::former) return {StunOutcome::formerSession, {}};
  if (path == nullptr) path = &open(local, source, now);
  path->heard = now;
  path->asker = CheckGate::askerOf(check);
  path->priority = *check.message->priority();
  auto answer = gate_.success(check, source);
  const bool nominates = check.message->has(stun::Attribute::useCandidate);
  if (nominates && check.generation == Generation::current) select(*path);
  return {StunOutcome::answered, std::move(answer)};
}

IceLiteAgent::Path* IceLiteAgent::find(LocalIndex local, const Endpoint& remote, Generation generation) {
  const auto path = std::find_if(paths_.begin(), paths_.end(), [&](const Path& candidate) {
    return candidate.local == local && candidate.remote == remote && candidate.generation == generation;
  });
  return path == paths_.end() ? nullptr : &*path;
}

// The pair that was silent for longest makes room; what is selected stays, and what is in use if it can.
IceLiteAgent::Path& IceLiteAgent::open(LocalIndex local, const Endpoint& remote, TimePoint now) {
  if (paths_.size() == kMostPaths) {
    const auto before = [](const Path& a, const Path& b) {
      return std::tuple{a.selected, a.used, a.heard} < std::tuple{b.selected, b.used, b.heard};
    };
    paths_.erase(std::min_element(paths_.begin(), paths_.end(), before));
  }
  auto& path = paths_.emplace_back();
  path.local = local;
  path.remote = remote;
  path.proven = now;
  return path;
}

void IceLiteAgent::onUsed(LocalIndex local, const Endpoint& source) {
  if (auto* path = find(local, source, Generation::current)) path->used = true;
}

void IceLiteAgent::onVerified(LocalIndex local, const Endpoint& source, TimePoint at) {
  for (auto& path : paths_) {
    if (path.local == local && path.remote == source && isAlive(path, at)) path.heard = std::max(path.heard, at);
  }
}

// RFC 8445 7.3.2, 8.1.2: the peer's latest word counts, also from one that nominates aggressively (RFC 5245 8.1.1.2) or
// moves to another network. Former pairs go once no component needs them.
void IceLiteAgent::select(Path& path) {
  const auto component = componentOf(path);
  for (auto& other : paths_) {
    if (componentOf(other) == component) other.selected = false;
  }
  path.selected = true;
  if (!everythingIsNominated()) return;
  std::erase_if(paths_, [](const Path& other) { return other.generation == Generation::former; });
  gate_.forgetFormer();
}

bool IceLiteAgent::everythingIsNominated() const {
  return std::all_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
    return std::any_of(paths_.begin(), paths_.end(), [&](const Path& path) {
      return path.selected && path.generation == Generation::current && componentOf(path) == candidate.component;
    });
  });
}

bool IceLiteAgent::isNominated(Component component) const {
  return std::any_of(paths_.begin(), paths_.end(),
                     [&](const Path& path) { return path.selected && componentOf(path) == component; });
}

// Without a nomination. What a restart has left does so until something else does.
bool IceLiteAgent::serves(const Path& path, TimePoint now) const {
  if (path.generation == Generation::former) return true;
  return gate_.expects() && (path.used || now - path.proven >= kNominationWait);
}

std::optional<ValidatedPair> IceLiteAgent::selected(Component component, TimePoint now) const {
  const Path* best = nullptr;
  const auto rank = [](const Path& path) {
    return std::tuple{path.selected, path.generation == Generation::current, path.used, path.priority};
  };
  for (const auto& path : paths_) {
    if (componentOf(path) != component || !(path.selected || serves(path, now))) continue;
    // A nomination of the present session leaves nothing to what was not nominated, also once its consent is gone.
    const bool alone = path.selected && path.generation == Generation::current;
    if (!alone && !isAlive(path, now)) continue;
    if (best == nullptr || rank(*best) < rank(path)) best = &path;
  }
  if (best == nullptr || !isAlive(*best, now)) return std::nullopt;
  return ValidatedPair{component, best->local, best->remote};
}

std::optional<ValidatedPair> IceLiteAgent::validated(LocalIndex local, const Endpoint& source, TimePoint now) const {
  for (const auto& path : paths_) {
    if (path.local != local || path.remote != source || !isAlive(path, now)) continue;
    return ValidatedPair{componentOf(path), path.local, path.remote};
  }
  return std::nullopt;
}

std::optional<TimePoint> IceLiteAgent::nextChange(TimePoint now) const {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint at) {
    if (at > now && (!next || at < *next)) next = at;
  };
  for (const auto& path : paths_) {
    if (path.selected || serves(path, now)) {
      consider(path.heard + kConsentLifetime);
    } else if (gate_.expects() && !isNominated(componentOf(path))) {
      consider(path.proven + kNominationWait);
    }
  }
  return next;
}

}  // namespace sallyport::media::ice
