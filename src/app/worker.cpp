// SPDX-License-Identifier: Apache-2.0
#include "app/worker.h"

#include <algorithm>

#include "app/web_rules.h"
#include "call/own_names.h"
#include "crypto/random.h"

namespace sallyport::app {
namespace {

constexpr auto kSecond = std::chrono::seconds{1};
constexpr auto kFarewell = std::chrono::seconds{2};  // before the drain's deadline: time to say BYE

call::MediaPlane::Addresses addressesOf(const config::Media& media) {
  call::MediaPlane::Addresses addresses;
  if (media.v4) addresses.v4 = {media.v4->bind, media.v4->announced()};
  if (media.v6) addresses.v6 = {media.v6->bind, media.v6->announced()};
  return addresses;
}

sip::ParseLimits limitsOf(const config::Config& config) {
  sip::ParseLimits limits;
  limits.max_bytes = config.sip.max_message_bytes;
  return limits;
}

net::TlsListenerLimits limitsOf(const config::Listener& listener) {
  net::TlsListenerLimits limits;
  limits.max_connections = listener.max_connections;
  limits.half_open.per_source_rate = listener.handshakes_per_source;
  limits.half_open.per_source_burst = 2.0 * listener.handshakes_per_source;
  limits.deadlines.handshake = listener.handshake_timeout;
  limits.deadlines.first_byte = listener.first_byte_timeout;
  limits.deadlines.idle = listener.idle_timeout;
  return limits;
}

net::TlsListenerLimits limitsOf(const config::UnprotectedListener& listener) {
  net::TlsListenerLimits limits;
  limits.max_connections = listener.max_connections;
  limits.half_open.per_source_rate = listener.connections_per_source;
  limits.half_open.per_source_burst = 2.0 * listener.connections_per_source;
  limits.deadlines.first_byte = listener.first_byte_timeout;
  limits.deadlines.idle = listener.idle_timeout;
  return limits;
}

net::WebListenerLimits limitsOf(const config::WebListener& listener) {
  net::WebListenerLimits limits;
  limits.tls.max_connections = listener.max_connections;
  limits.tls.connections_per_source = listener.connections_per_source;
  limits.tls.half_open.per_source_rate = listener.handshakes_per_source;
  limits.tls.half_open.per_source_burst = 2.0 * listener.handshakes_per_source;
  limits.tls.deadlines.handshake = listener.handshake_timeout;
  limits.tls.deadlines.first_byte = listener.first_byte_timeout;
  limits.tls.deadlines.idle = listener.idle_timeout;
  limits.request = listener.request_timeout;
  return limits;
}

// Of the listener for unprotected peers, where there is one.
std::string plainName(const config::Config& config) {
  if (!config.unprotected_listener) return {};
  const auto& listener = *config.unprotected_listener;
  const auto port = std::to_string(listener.address.port);
  if (!listener.advertise) return hostText(listener.address.address) + ":" + port;
  return listener.advertise->port ? listener.advertise->toString() : listener.advertise->host + ":" + port;
}

}  // namespace

call::SentBy sentBy(const config::Config& config) {
  call::SentBy names{call::nameOf(config.listeners.front(), config), plainName(config), webName(config)};
  for (const auto& listener : config.listeners) names.name(listener.name, call::nameOf(listener, config));
  return names;
}

Worker::Worker(Parts parts, const call::EdgePolicyPtr& policy, std::shared_ptr<const call::SignallingTrust> trust,
               call::Judges judges)
    : index_(parts.index),
      log_(parts.log),
      loop_(parts.loop),
      mesh_(parts.mesh),
      clock_(parts.clock),
      policy_(policy),
      signalling_(
          {parts.index, parts.loop, parts.mesh, parts.log, parts.metrics, limitsOf(*policy->config), parts.clock},
          trust),
      media_(parts.loop, parts.media, addressesOf(policy->config->media), parts.metrics),
      rearm_(parts.loop, [this] { rearm(); }),
      outbound_({parts.index, parts.loop, signalling_, parts.log, parts.clock}, policy),
      places_(parts.registrations == nullptr ? nullptr : &parts.registrations->table(), outbound_.targets(),
              parts.clock),
      routes_(policy, parts.clock, parts.registrations == nullptr ? nullptr : &parts.registrations->table()),
      challenges_(trust->accounts),
      calls_({parts.index, sentBy(*policy->config), signalling_, media_, std::move(judges), parts.tables.nonces,
              parts.tables.decisions, parts.mesh.calls, parts.records, parts.log, parts.metrics, parts.clock,
              [this] { rearm_.request(); }, &parts.mesh.live_calls, &outbound_.targets(), &places_,
              parts.registrations == nullptr ? nullptr : &parts.registrations->table(), &challenges_},
             policy) {
  signalling_.setCalls(calls_);
  parts.mesh.nodes[parts.index] = {&parts.loop, &signalling_};
  relay_ = std::make_unique<call::RequestRelay>(
      call::RelayContext{parts.index, calls_.requester(), calls_, parts.log, parts.clock, {}, &challenges_}, routes_,
      policy_);
  if (parts.registrations != nullptr) beRegistrar(parts.index, *parts.registrations, trust->turn);
  calls_.offer({.registrar = registrar_.get(), .relay = relay_.get()});
}

void Worker::beRegistrar(unsigned index, RegistrationKeeper& keeper,
                         std::shared_ptr<const call::TurnCredentials> turn) {
  const auto& config = *policy_->config;
  upstream_ =
      std::make_unique<call::UpstreamRegistrar>(call::UpstreamRegistrar::Parts{calls_.requester(), clock_}, policy_);
  registrar_ =
      std::make_unique<call::Registrar>(call::Registrar::Parts{index, keeper.table(), keeper, clock_, upstream()},
                                        call::registrarSettings(config, sentBy(config), std::move(turn)));
}

Status Worker::listen(const config::Config& config, const ServerContexts& contexts,
                      std::shared_ptr<const net::WebRules> web) {
  for (std::size_t i = 0; i < contexts.listeners.size(); ++i) {
    const auto& listener = config.listeners[i];
    SP_TRY(signalling_.listen(listener.name, listener.address, contexts.listeners[i], limitsOf(listener)));
  }
  if (config.web_listener) {
    SP_TRY(signalling_.listenWeb(std::string{config::kWebListener}, config.web_listener->address, contexts.web,
                                 limitsOf(*config.web_listener), std::move(web)));
  }
  if (!config.unprotected_listener) return success();
  const auto& plain = *config.unprotected_listener;
  return signalling_.listen(std::string{config::kUnprotectedListener}, plain.address, net::PlainBytes{},
                            limitsOf(plain));
}

Status Worker::start() {
  second_ = loop_.schedule(kSecond, [this] { everySecond(); });
  SP_TRY(outbound_.start(calls_.requester()));
  return signalling_.start();
}

void Worker::adopt(call::EdgePolicyPtr policy, std::shared_ptr<const call::SignallingTrust> trust, call::Judges judges,
                   std::shared_ptr<const net::WebRules> web) {
  policy_ = policy;
  challenges_ = call::PeerChallenges{trust->accounts};
  if (registrar_) {
    upstream_->adopt(policy_);
    registrar_->adopt(call::registrarSettings(*policy_->config, sentBy(*policy_->config), trust->turn), upstream());
  }
  signalling_.adopt(std::move(trust));
  signalling_.adoptWeb(std::move(web));
  routes_.adopt(policy_);
  relay_->adopt(policy_);
  if (const auto adopted = outbound_.adopt(policy_); !adopted) {
    log_.event(telemetry::Severity::error, "edge.outbound_kept",
               {{"reason", adopted.error().code}, {"detail", adopted.error().detail}});
  }
  calls_.adopt(policy, std::move(judges));
  if (trunks_ != nullptr) trunks_->adopt(std::move(policy));
}

void Worker::keepTrunks() {
  if (index_ != 0) return;
  if (trunks_ != nullptr) return trunks_->advance();
  trunks_ = std::make_unique<call::TrunkRegistrations>(call::TrunkRegistrations::Parts{
      calls_.requester(), challenges_, log_, clock_, [] { return crypto::randomNumber(); },
      [this](sip::FlowId flow) { return signalling_.facts(flow) != nullptr; }});
  trunks_->adopt(policy_);
}

std::vector<call::TrunkSnapshot> Worker::trunks() const {
  return trunks_ == nullptr ? std::vector<call::TrunkSnapshot>{} : trunks_->snapshot();
}

void Worker::rearm() {
  const auto next = calls_.nextDeadline();
  if (!next) {
    deadline_ = {};
    return;
  }
  deadline_ = loop_.scheduleAt(*next, [this] { calls_.advance(); });
}

void Worker::everySecond() {
  second_ = loop_.schedule(kSecond, [this] { everySecond(); });
  calls_.watch();
  if (registrar_) registrar_->expire();
  signalling_.watch();
  keepTrunks();
  outbound_.everySecond();
  relay_->watch();
  media_.watch();
  media_.publish();
}

void Worker::beginDrain() {
  calls_.drain();
  if (trunks_ != nullptr) trunks_->drain();
  const auto deadline = policy_->config->edge.drain_deadline;
  const auto talk = std::max<net::Duration>(deadline - kFarewell, std::chrono::milliseconds{0});
  last_call_ = loop_.schedule(talk, [this] { calls_.endAll({"edge.shutdown", "the edge is stopping", "edge", 503}); });
}

}  // namespace sallyport::app
