// SPDX-License-Identifier: Apache-2.0
#include "call/registrar.h"

#include <algorithm>

#include "call/register_answer.h"

namespace sallyport::call {

struct Registrar::Pending {
  enum class Flow : std::uint8_t { open, closed };

  std::uint64_t flow_id = 0;
  Flow flow = Flow::open;
  AnswerNeeds needs;
  Done done;
};

constexpr std::chrono::seconds kFlowTimer{120};  // the longest RFC 5626 4.4.1 lets a client of TCP wait unasked

RegistrarSettings registrarSettings(const config::Config& config, const SentBy& sent_by,
                                    std::shared_ptr<const TurnCredentials> turn) {
  RegistrarSettings settings;
  settings.turn = std::move(turn);
  settings.domains = config.edge.domains;
  settings.min_expires = config.registrar.min_expires;
  settings.default_expires = config.registrar.default_expires;
  settings.max_expires = config.registrar.max_expires;
  settings.sent_by = sent_by;
  settings.flow_timer = kFlowTimer;
  for (const auto& peer : config.peers) {
    if (peer.path) settings.path_peers.insert(peer.name);
  }
  return settings;
}

Registrar::Registrar(Parts parts, RegistrarSettings settings) : parts_(parts), settings_(std::move(settings)) {}

void Registrar::handle(const RegisterRequest& request, Done done) {
  const auto now = parts_.clock.wall();
  auto read = readRegister(request, settings_, parts_.worker, now);
  if (!read) return done(refusedAnswer(std::move(read).error(), settings_, unsupportedIn(request.message)));
  auto needs = answerNeeds(*read, request);
  if (read->isQuery()) {
    return done(grantedAnswer(parts_.table.byAor(read->change.aor, now), needs, settings_, now));
  }
  const auto flow_id = static_cast<std::uint64_t>(request.flow);
  const auto pending = std::make_shared<Pending>();
  pending->flow_id = flow_id;
  pending->needs = std::move(needs);
  pending->done = std::move(done);
  if (parts_.upstream == nullptr) return commit(pending, std::move(read->change));

  auto plan = parts_.table.plan(read->change, now);
  if (!plan) return commit(pending, std::move(plan).error());
  for (std::size_t i = 0; i < read->change.updates.size(); ++i) {
    auto& update = read->change.updates[i];
    const auto& known = plan->updated[i];
    update.token = known ? known->token : newToken(parts_.worker);
    if (known) update.upstream = known->upstream;
  }
  pending_.emplace(flow_id, pending);
  parts_.upstream->carry(
      std::move(read->change), *std::move(plan), [this, pending](Result<RegistrationChange> carried) {
        const auto [first, last] = pending_.equal_range(pending->flow_id);
        pending_.erase(std::find_if(first, last, [&](const auto& each) { return each.second == pending; }));
        commit(pending, std::move(carried));
      });
}

// The table has the last word: another request for the same address may have come in meanwhile.
void Registrar::commit(const PendingPtr& pending, Result<RegistrationChange> carried) {
  const auto now = parts_.clock.wall();
  if (!carried) return pending->done(refusedAnswer(std::move(carried).error(), settings_));
  if (pending->flow == Pending::Flow::closed) {
    for (auto& update : carried->updates) update.flow.reset();
  }
  const auto aor = carried->aor;
  const auto bound = parts_.table.apply(*std::move(carried), now);
  if (!bound) return pending->done(refusedAnswer(bound.error(), settings_));
  parts_.journal.touched(aor);
  pending->done(grantedAnswer(*bound, pending->needs, settings_, now));
}

void Registrar::flowClosed(sip::FlowId flow) {
  const auto [first, last] = pending_.equal_range(static_cast<std::uint64_t>(flow));
  std::for_each(first, last, [](const auto& each) { each.second->flow = Pending::Flow::closed; });
  parts_.table.flowClosed(flow);
}

void Registrar::trustWithdrawn(sip::FlowId flow) { release(parts_.table.removeOf(flow)); }

void Registrar::expire() { release(parts_.table.expire(parts_.clock.wall())); }

void Registrar::release(const std::vector<BindingPtr>& gone) {
  const auto now = parts_.clock.wall();
  for (const auto& binding : gone) {
    parts_.journal.touched(binding->aor);
    if (parts_.upstream != nullptr && binding->upstream.expires > now) parts_.upstream->withdraw(*binding);
  }
}

}  // namespace sallyport::call
