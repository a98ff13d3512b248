// SPDX-License-Identifier: Apache-2.0
#include "call/relay_answer.h"

#include <algorithm>
#include <array>

#include "call/status_map.h"
#include "config/methods.h"
#include "crypto/random.h"
#include "sip/request_check.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kTagCharacters = 16;
constexpr auto kRetry = std::chrono::seconds{3};

constexpr auto kStatuses = std::to_array<std::pair<std::string_view, int>>({
    {"relay.method.denied", 405},          {"relay.method.target", 405},
    {"relay.method.dialog", 405},          {"relay.refer.outside", 403},
    {"relay.notify.unknown", 481},         {"relay.dialog.unknown", 481},
    {"relay.dialog.foreign", 481},         {"relay.event.denied", 489},
    {"relay.notify.event", 489},           {"relay.notify.state", 400},
    {"relay.expires.invalid", 400},        {"relay.expires.brief", 423},
    {"relay.body.too_large", 413},         {"relay.body.type", 415},
    {"relay.max_forwards", 483},           {"relay.pending.identity", 480},
    {"relay.subscriptions.identity", 480}, {"relay.pending.full", 503},
    {"relay.subscriptions.full", 503},     {"relay.overlap", 500},
});

constexpr auto kEvents = std::to_array<KnownEvent>({
    {"dialog", "application/dialog-info+xml"},                  // RFC 4235
    {"message-summary", "application/simple-message-summary"},  // RFC 3842
    {"presence", "application/pidf+xml"},                       // RFC 3856
    {"refer", "message/sipfrag"},                               // RFC 3515
    {"reg", "application/reginfo+xml"},                         // RFC 3680
});

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

RelayHeaders headersOf(const RelayContext& context, const RelayRequest& from, int status) {
  const auto& request = from.message;
  const auto& rules = context.rules;
  switch (status) {
    case 405:
      return {{"Allow", config::allowInstead(*context.policy->config, from.from.peer(), config::AllowedWhere::anywhere,
                                             request.methodName())}};
    case 415:
      return {
          {"Accept", request.method() == sip::Method::message ? joined(rules.message_types) : "application/pidf+xml"}};
    case 423: return {{"Min-Expires", std::to_string(rules.min_expires.count())}};
    case 489: return {{"Allow-Events", joined(rules.events)}};
    case 500: return {{"Retry-After", std::to_string(kRetry.count())}};
    default: return {};
  }
}

}  // namespace

int relayStatus(const Error& error) {
  const std::string_view code{error.code};
  const auto found = std::find_if(kStatuses.begin(), kStatuses.end(), [&](const auto& e) { return e.first == code; });
  if (found != kStatuses.end()) return found->second;
  return code.starts_with("sip.") ? sip::statusFor(error) : statusTowardsPeer(error);
}

void answerRelayed(RelayContext& context, sip::ServerTransactionId id, const sip::Message& request, int status,
                   std::string_view to_tag, const RelayHeaders& headers) {
  auto writer = sip::responseTo(request, status, {}, to_tag);
  for (const auto& [name, value] : headers) writer.header(name, value);
  context.answers.respond(id, status, writer.finish());
}

void refuseRelayed(RelayContext& context, const RelayRequest& request, const Error& error) {
  const int status = relayStatus(error);
  context.log.event(telemetry::Severity::warning, "sip.request.refused",
                    {{"reason", error.code},
                     {"detail", error.detail},
                     {"status", status},
                     {"method", request.message.methodName()},
                     {"request_uri", request.message.requestUri()},
                     {"sip_call_id", request.message.callId()},
                     {"peer", request.from.peer()},
                     {"identity", request.from.identity()}});
  answerRelayed(context, request.id, request.message, status, relayTag(context.worker),
                headersOf(context, request, status));
}

const KnownEvent* knownEvent(std::string_view package) {
  const auto found =
      std::find_if(kEvents.begin(), kEvents.end(), [&](const KnownEvent& event) { return event.package == package; });
  return found == kEvents.end() ? nullptr : &*found;
}

std::optional<Authorization> proofFor(RelayContext& context, const ChallengedRequest& request,
                                      const sip::Message& response, identity::DigestAttempts& attempts) {
  if (response.status() != 401 && response.status() != 407) return std::nullopt;
  Result<Authorization> proof{
      Error{ErrorKind::peerMisbehaved, "call.challenge.no_credentials", std::string{request.peer}}};
  if (context.challenges != nullptr) proof = context.challenges->answer(request, response, attempts);
  if (proof) return *std::move(proof);
  context.log.event(telemetry::Severity::warning, "trunk.challenge_refused",
                    {{"peer", request.peer},
                     {"method", request.method},
                     {"status", response.status()},
                     {"reason", proof.error().code},
                     {"detail", proof.error().detail}});
  return std::nullopt;
}

std::string relayTag(unsigned worker) { return std::to_string(worker) + "-" + crypto::randomToken(kTagCharacters); }

std::string relayContact(const RelayContext& context, const RelayRequest& request, std::string_view tag) {
  const auto* peer = context.policy == nullptr ? nullptr : context.policy->peer(request.from.peer());
  const auto& us = peer == nullptr ? context.requester.sentBy() : context.requester.sentByTo(*peer);
  return "<" + us.uri(request.transport, tag, request.listener) + ">";
}

std::string relayContact(std::string_view via, std::string_view tag) { return "<" + uriBack(via, tag) + ">"; }

}  // namespace sallyport::call
