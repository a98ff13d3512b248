// SPDX-License-Identifier: Apache-2.0
#include "media/ice/lite_agent.h"

#include <algorithm>

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

void IceLiteAgent::restart(Credentials local) {
  gate_.restart(std::move(local));
  std::erase_if(paths_, [](const Path& path) { return !path.selected; });
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
  if (path == nullptr) path = &open(local, source);
  path->heard = now;
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

// The pair that was silent for longest makes room; what is selected stays.
IceLiteAgent::Path& IceLiteAgent::open(LocalIndex local, const Endpoint& remote) {
  if (paths_.size() == kMostPaths) {
    const auto before = [](const Path& a, const Path& b) {
      return std::pair{a.selected, a.heard} < std::pair{b.selected, b.heard};
    };
    paths_.erase(std::min_element(paths_.begin(), paths_.end(), before));
  }
  paths_.push_back({local, remote, Generation::current, false, {}});
  return paths_.back();
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

std::optional<ValidatedPair> IceLiteAgent::selected(Component component, TimePoint now) const {
  for (const auto& path : paths_) {
    if (!path.selected || componentOf(path) != component || now - path.heard >= kConsentLifetime) continue;
    return ValidatedPair{component, path.local, path.remote};
  }
  return std::nullopt;
}

std::optional<ValidatedPair> IceLiteAgent::validated(LocalIndex local, const Endpoint& source, TimePoint now) const {
  for (const auto& path : paths_) {
    if (path.local != local || path.remote != source || now - path.heard >= kConsentLifetime) continue;
    return ValidatedPair{componentOf(path), path.local, path.remote};
  }
  return std::nullopt;
}

std::optional<TimePoint> IceLiteAgent::consentEnds() const {
  std::optional<TimePoint> earliest;
  for (const auto& path : paths_) {
    if (!path.selected) continue;
    const auto ends = path.heard + kConsentLifetime;
    if (!earliest || ends < *earliest) earliest = ends;
  }
  return earliest;
}

}  // namespace sallyport::media::ice
