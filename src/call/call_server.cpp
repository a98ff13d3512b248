// SPDX-License-Identifier: Apache-2.0
// Judging, dispatching and planning. The book-keeping of legs, calls and time: call_server_state.cpp.
#include "call/call_server.h"

#include <algorithm>
#include <iterator>
#include <variant>

#include "call/routing.h"
#include "call/sips.h"
#include "call/status_map.h"
#include "config/methods.h"
#include "crypto/random.h"
#include "sip/request_check.h"

namespace sallyport::call {
namespace {

using telemetry::Severity;

constexpr std::chrono::seconds kDrainRetry{30};
constexpr std::string_view kOptionTags[] = {"timer", "100rel", "replaces"};

sip::UasCapabilities capabilitiesFor(const sip::Message& request) {
  if (request.method() == sip::Method::registration) return {.option_tags = kRegisterOptionTags};
  return {.option_tags = kOptionTags};
}

std::string answerTag(unsigned worker) { return std::to_string(worker) + "-" + crypto::randomToken(12); }

}  // namespace

// --- requests ---------------------------------------------------------------------------------------------

void CallServer::onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) {
  auto facts = parts_.flows.facts(flow);
  if (!facts) return transactions_.abandon(id);
  if (const auto checked = sip::checkRequest(request, capabilitiesFor(request)); !checked) {
    return refuse(id, request, sip::statusFor(checked.error()), *facts, checked.error());
  }
  if (!request.toTag().empty()) return inDialog(id, flow, *facts, std::move(request));

  const auto proven = authenticate(id, flow, *facts, request);
  if (!proven) return;
  for (const auto& [header, value] : proven->answer_headers) transactions_.addToSuccess(id, header, value);
  facts = parts_.flows.facts(flow);  // with what was just proven
  if (!facts) return transactions_.abandon(id);
  auto admitted = admit(id, *facts, request, guard::RequestScope::initial);
  if (!admitted) return;
  switch (request.method()) {
    case sip::Method::invite: return newCall(id, flow, *facts, std::move(request), *std::move(admitted));
    case sip::Method::options: return answerOptions(id, *facts, request);
    case sip::Method::registration:
      if (services_.registrar != nullptr) return registration(id, flow, *facts, proven->principal, std::move(request));
      break;
    case sip::Method::message:
    case sip::Method::publish:
    case sip::Method::subscribe:
    case sip::Method::notify:
    case sip::Method::refer:
      if (services_.relay != nullptr)
        return services_.relay->take(
            {id, flow, proven->principal, std::move(request), facts->transport, facts->listener});
      break;
    default: break;
  }
  refuse(id, request, 405, *facts,
         Error{ErrorKind::peerDenied, "call.method.unsupported", std::string{request.methodName()}});
}

std::optional<RequestAuthentication::Proven> CallServer::authenticate(sip::ServerTransactionId id, sip::FlowId flow,
                                                                      const FlowFacts& facts,
                                                                      const sip::Message& request) {
  auto outcome = authentication_.authenticate(flow, facts, request, context_.wall, context_.now);
  if (auto* proven = std::get_if<RequestAuthentication::Proven>(&outcome)) {
    const bool news = !facts.principal || facts.principal->proofs() != proven->principal.proofs() ||
                      facts.principal->expires() != proven->principal.expires();
    if (news) parts_.flows.prove(flow, proven->principal);
    return std::move(*proven);
  }
  auto& reply = std::get<RequestAuthentication::Reply>(outcome);
  if (reply.refusal) {
    parts_.metrics.guardDecision("authentication", "refuse");
    refuse(id, request, reply.status, facts, *reply.refusal, reply.retry_after, reply.headers);
    return std::nullopt;
  }
  parts_.metrics.guardDecision("authentication", "challenge");
  auto writer = sip::responseTo(request, reply.status, {}, answerTag(parts_.worker));
  for (const auto& [header, value] : reply.headers) writer.header(header, value);
  (void)transactions_.respond(id, reply.status, writer.finish(), context_.now);
  parts_.metrics.sipResponse(telemetry::Direction::sent, request.methodName(), static_cast<unsigned>(reply.status));
  return std::nullopt;
}

std::optional<guard::AdmittedRequest> CallServer::admit(sip::ServerTransactionId id, const FlowFacts& flow,
                                                        const sip::Message& request, guard::RequestScope scope) {
  auto verdict = judge(flow, request, scope);
  if (auto* admitted = std::get_if<guard::AdmittedRequest>(&verdict)) return std::move(*admitted);
  const auto& refusal = std::get<guard::Refusal>(verdict);
  if (refusal.action == guard::Action::drop) {
    transactions_.abandon(id);
  } else {
    refuse(id, request, static_cast<int>(guard::sipStatus(refusal)), flow, refusal.error(), refusal.retry_after);
  }
  return std::nullopt;
}

guard::Admission CallServer::judge(const FlowFacts& flow, const sip::Message& request, guard::RequestScope scope) {
  const auto uri = sip::Uri::parse(request.requestUri());
  const guard::RequestFacts facts{.peer = flow.peer(),
                                  .identity = flow.identity(),
                                  .source = flow.remote.address,
                                  .method = request.methodName(),
                                  .scope = scope,
                                  .request_host = uri ? uri->host : std::string_view{},
                                  .call_id = request.callId()};
  auto verdict = parts_.judges.admission->judge(facts, context_.now);
  const auto* refusal = std::get_if<guard::Refusal>(&verdict);
  parts_.metrics.guardDecision(refusal == nullptr ? "chain" : refusal->rule,
                               guard::toString(refusal == nullptr ? guard::Action::admit : refusal->action));
  return verdict;
}

void CallServer::logRefusal(const sip::Message& request, int status, const FlowFacts& flow, const Error& error) {
  parts_.log.event(Severity::warning, "sip.request.refused",
                   {{"reason", error.code},
                    {"detail", error.detail},
                    {"status", status},
                    {"method", request.methodName()},
                    {"request_uri", request.requestUri()},
                    {"sip_call_id", request.callId()},
                    {"peer", flow.peer()},
                    {"identity", flow.identity()},
                    {"source", flow.remote.toString()}});
}

void CallServer::refuse(sip::ServerTransactionId id, const sip::Message& request, int status, const FlowFacts& flow,
                        const Error& error, std::optional<std::chrono::seconds> retry_after,
                        const std::vector<identity::AnswerHeader>& headers) {
  logRefusal(request, status, flow, error);
  auto writer = sip::responseTo(request, status, {}, answerTag(parts_.worker));
  for (const auto& [header, value] : headers) writer.header(header, value);
  if (status == 405) {
    const auto where = request.toTag().empty() ? config::AllowedWhere::anywhere : config::AllowedWhere::inCall;
    writer.header(sip::HeaderId::allow,
                  config::allowInstead(*policy_->config, flow.peer(), where, request.methodName()));
  }
  if (status == 420) {
    for (const auto tag : sip::unsupportedOptions(request, capabilitiesFor(request)))
      writer.header(sip::HeaderId::unsupported, tag);
  }
  if (status == 415) writer.header(sip::HeaderId::accept, "application/sdp");
  if (const auto warning = sipsWarning(error, policy_->domain()); !warning.empty()) writer.header("Warning", warning);
  if (retry_after) writer.header(sip::HeaderId::retryAfter, static_cast<std::uint64_t>(retry_after->count()));
  (void)transactions_.respond(id, status, writer.finish(), context_.now);
  parts_.metrics.sipResponse(telemetry::Direction::sent, request.methodName(), static_cast<unsigned>(status));
}

void CallServer::answerOptions(sip::ServerTransactionId id, const FlowFacts& facts, const sip::Message& request) {
  auto writer = sip::responseTo(request, draining_ ? 503 : 200, {}, answerTag(parts_.worker));
  writer.header(sip::HeaderId::allow, config::allowOf(*policy_->config, facts.peer(), config::AllowedWhere::anywhere))
      .header(sip::HeaderId::accept, "application/sdp")
      .header(sip::HeaderId::supported, kSupported);
  (void)transactions_.respond(id, draining_ ? 503 : 200, writer.finish(), context_.now);
}

void CallServer::registration(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts,
                              const identity::Principal& principal, sip::Message request) {
  // The answer may wait for a core's, and needs the request until then.
  const auto asked = std::make_shared<const sip::Message>(std::move(request));
  const RegisterRequest registering{*asked, principal, flow, facts.remote, facts.transport, facts.listener};
  const auto known = parts_.flows.facts(flow);
  services_.registrar->handle(registering, [this, id, flow, asked, known](const RegisterAnswer& answer) {
    if (!answer.refusal) parts_.flows.keepUp(flow);
    if (answer.refusal) logRefusal(*asked, answer.status, *known, *answer.refusal);
    (void)transactions_.respond(id, answer.status, render(answer, *asked, answerTag(parts_.worker)), context_.now);
    parts_.metrics.sipResponse(telemetry::Direction::sent, "REGISTER", static_cast<unsigned>(answer.status));
  });
}

void CallServer::inDialog(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts, sip::Message request) {
  if (services_.relay != nullptr && facts.principal && services_.relay->owns(request.toTag())) {
    if (!admit(id, facts, request, guard::RequestScope::inDialog)) return;
    return services_.relay->takeInDialog(
        {id, flow, *facts.principal, std::move(request), facts.transport, facts.listener});
  }
  Leg* leg = byTag(request.toTag());
  // A dialog belongs to the principal it began with, whoever else may have learnt its tags.
  const bool theirs = leg != nullptr && facts.principal && leg->identity() == facts.identity();
  if (!theirs) {
    const char* code = leg == nullptr ? "call.dialog.unknown" : "call.dialog.foreign";
    return refuse(id, request, 481, facts, Error{ErrorKind::peerDenied, code, std::string{request.toTag()}});
  }
  if (!admit(id, facts, request, guard::RequestScope::inDialog)) return;
  touch(*leg).onRequest(id, flow, std::move(request));
}

void CallServer::respond(sip::ServerTransactionId id, int status, std::string bytes) {
  (void)transactions_.respond(id, status, std::move(bytes), context_.now);
}

void CallServer::onAck(sip::FlowId flow, sip::Message ack) {
  const auto facts = parts_.flows.facts(flow);
  Leg* leg = byTag(ack.toTag());
  if (!facts || !facts->principal || leg == nullptr || leg->identity() != facts->identity()) return;
  // One that is refused is dropped: nothing answers an ACK.
  const auto verdict = judge(*facts, ack, guard::RequestScope::inDialog);
  if (std::holds_alternative<guard::AdmittedRequest>(verdict)) touch(*leg).onAck(flow, ack);
}

std::optional<int> CallServer::refuseCancel(sip::FlowId flow, const sip::Message& cancel) {
  const auto facts = parts_.flows.facts(flow);
  if (!facts) return 0;
  const auto verdict = judge(*facts, cancel, guard::RequestScope::initial);
  const auto* refusal = std::get_if<guard::Refusal>(&verdict);
  if (refusal == nullptr) return std::nullopt;
  const auto status = static_cast<int>(guard::sipStatus(*refusal));
  logRefusal(cancel, status, *facts, refusal->error());
  return status;
}

void CallServer::onCancel(sip::ServerTransactionId invite, const sip::Message&) {
  const auto found = server_legs_.find(static_cast<std::uint64_t>(invite));
  if (found == server_legs_.end()) return;
  touch(*found->second).onCancel(invite);
}

void CallServer::onResponse(sip::ClientTransactionId id, sip::FlowId flow, sip::Message response) {
  const auto found = client_legs_.find(static_cast<std::uint64_t>(id));
  if (found != client_legs_.end()) return touch(*found->second).onResponse(id, flow, response);
  own_requests_.onResponse(id, flow, std::move(response));
}

void CallServer::onClientFailure(sip::ClientTransactionId id, const Error& error) {
  const auto found = client_legs_.find(static_cast<std::uint64_t>(id));
  if (found != client_legs_.end()) return touch(*found->second).onClientFailure(id, error);
  own_requests_.onFailure(id, error);
}

void CallServer::onServerFailure(sip::ServerTransactionId id, const Error& error) {
  const auto found = server_legs_.find(static_cast<std::uint64_t>(id));
  if (found == server_legs_.end()) return;
  touch(*found->second).onServerFailure(error);
}

bool CallServer::samePeer(sip::FlowId known, sip::FlowId came_on) const {
  if (known == came_on) return true;
  const auto first = parts_.flows.facts(known);
  const auto second = parts_.flows.facts(came_on);
  return first && second && first->principal && first->identity() == second->identity();
}

// --- a new call ---------------------------------------------------------------------------------------------

void CallServer::newCall(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts, sip::Message request,
                         guard::AdmittedRequest admitted) {
  parts_.metrics.callAttempted();
  if (draining_) {
    return refuse(id, request, 503, facts, Error{ErrorKind::overloaded, "call.draining", ""}, kDrainRetry);
  }
  if (request.has(sip::HeaderId::replaces)) return replacing(id, flow, facts, std::move(request), std::move(admitted));
  auto plan = planner().plan(policy_, facts, request, context_.wall);
  if (!plan) {
    parts_.metrics.callFailed(plan.error().code);
    return refuse(id, request, statusTowardsPeer(plan.error()), facts, plan.error());
  }
  plan->permits = admitted.takePermits();
  const auto call_id = plan->id;
  parts_.directory.add(request.callId(), CallDirectory::Direction::received, parts_.worker);
  parts_.log.event(Severity::info, "call.started",
                   {{"call", call_id},
                    {"from", plan->targets.first().from_uri},
                    {"to", plan->targets.first().to_uri},
                    {"caller", plan->caller->name},
                    {"callee", plan->targets.first().peer->name},
                    {"route", plan->record.route},
                    {"sip_call_id", request.callId()}});
  parts_.records.begin(plan->record);

  CallEvents& events = *this;
  auto bridge = std::make_unique<Bridge>(context_, parts_.ports, events, parts_.log, *std::move(plan));
  auto& call = *bridge;
  calls_.emplace(call_id, Entry{.bridge = std::move(bridge), .sip_call_ids = {std::string{request.callId()}}});
  ++live_;
  if (parts_.live_everywhere != nullptr) ++*parts_.live_everywhere;
  parts_.metrics.callsActive(1);
  touched_.push_back(call_id);
  call.start(id, flow, std::move(request));
}

}  // namespace sallyport::call
