// SPDX-License-Identifier: Apache-2.0
#include "app/registration_keeper.h"

namespace sallyport::app {
namespace {

call::Registrations::Limits limitsOf(const config::Registrar& config) {
  return {config.max_contacts, config.max_users};
}

}  // namespace

store::StoredBinding storedOf(const call::Binding& binding) {
  store::StoredBinding stored;
  stored.aor = binding.aor;
  stored.token = binding.token;
  stored.contact = binding.contact.uri;
  stored.instance = binding.contact.instance;
  stored.reg_id = binding.contact.reg_id;
  stored.q = binding.q;
  stored.call_id = binding.call_id;
  stored.cseq = binding.cseq;
  stored.path = binding.path;
  stored.peer = binding.peer;
  stored.identity = binding.identity;
  stored.proof = binding.proof;
  stored.user_agent = binding.user_agent;
  stored.source = binding.source.toString();
  stored.transport = toString(binding.transport);
  stored.registered = binding.registered;
  stored.expires = binding.expires;
  stored.upstream_cseq = binding.upstream.cseq;
  stored.upstream_registered = binding.upstream.registered;
  stored.upstream_expires = binding.upstream.expires;
  return stored;
}

call::Binding bindingOf(const store::StoredBinding& stored) {
  call::Binding binding;
  binding.aor = stored.aor;
  binding.token = stored.token;
  binding.contact = {stored.contact, stored.instance, stored.reg_id};
  binding.q = stored.q;
  binding.call_id = stored.call_id;
  binding.cseq = stored.cseq;
  binding.path = stored.path;
  binding.peer = stored.peer;
  binding.identity = stored.identity;
  binding.proof = stored.proof;
  binding.user_agent = stored.user_agent;
  binding.source = Endpoint::parse(stored.source).value_or(Endpoint{});
  binding.transport = stored.transport == toString(call::Transport::wss) ? call::Transport::wss : call::Transport::tls;
  binding.registered = stored.registered;
  binding.expires = stored.expires;
  binding.upstream = {stored.upstream_cseq, stored.upstream_registered, stored.upstream_expires};
  return binding;
}

Result<std::unique_ptr<RegistrationKeeper>> RegistrationKeeper::open(const config::Registrar& config,
                                                                     const Clock& clock, telemetry::EventSink& events) {
  store::RegistrationStore::Options options;
  options.file = config.store;
  SP_ASSIGN(auto store, store::RegistrationStore::open(std::move(options), events));
  return std::unique_ptr<RegistrationKeeper>{new RegistrationKeeper{config, clock, std::move(store)}};
}

RegistrationKeeper::RegistrationKeeper(const config::Registrar& config, const Clock& clock,
                                       std::unique_ptr<store::RegistrationStore> store)
    : clock_(clock), table_(limitsOf(config)), store_(std::move(store)) {
  std::vector<call::Binding> bindings;
  for (const auto& stored : store_->takeLoaded()) bindings.push_back(bindingOf(stored));
  table_.restore(std::move(bindings), clock_.wall());
  store_->start(*this);
}

void RegistrationKeeper::adopt(const config::Registrar& config) { table_.adopt(limitsOf(config)); }

std::vector<store::StoredBinding> RegistrationKeeper::bindingsOf(std::string_view aor) const {
  std::vector<store::StoredBinding> stored;
  for (const auto& binding : table_.byAor(aor, clock_.wall())) stored.push_back(storedOf(*binding));
  return stored;
}

}  // namespace sallyport::app
