// SPDX-License-Identifier: Apache-2.0
#include "call/options_probes.h"

#include "crypto/random.h"
#include "sip/message_writer.h"
#include "sip/retry_after.h"

namespace sallyport::call {
namespace {

using sip::HeaderId;

TargetOutcome outcomeOf(const Result<sip::Message>& response, std::chrono::milliseconds took) {
  if (!response) {
    const bool silent = std::string_view{response.error().code} == "sip.transaction.timeout";
    return {.fault = silent ? TargetFault::timeout : TargetFault::connect};
  }
  if (response->status() == 503) return {.fault = TargetFault::unavailable, .retry_after = sip::retryAfter(*response)};
  if (response->status() == 408) return {.fault = TargetFault::timeout};
  return {.round_trip = took};
}

}  // namespace

void OptionsProbes::probe(const std::string& peer, const Endpoint& server, Done done) {
  const auto* known = policy_->peer(peer);
  if (known == nullptr) return done({.fault = TargetFault::connect});
  const Target target{.peer = known, .address = server, .label = peer + " " + server.toString()};
  parts_.flows.acquire(target, [this, policy = policy_, known, done = std::move(done)](Result<sip::FlowId> flow) {
    if (!flow) return done({.fault = TargetFault::connect});
    ask(*known, *flow, done);
  });
}

void OptionsProbes::ask(const PeerPolicy& peer, sip::FlowId flow, Done done) {
  const auto id = std::to_string(parts_.worker) + "-" + crypto::randomToken(16);
  const auto write = [&](const std::string& via) {
    const auto host = "<sip:" + peer.uri_host + ">";
    sip::MessageWriter writer;
    writer.request("OPTIONS", "sip:" + peer.uri_host)
        .header(HeaderId::via, via)
        .header(HeaderId::maxForwards, 70)
        .header(HeaderId::from, "<sip:" + policy_->domain() + ">;tag=" + id)
        .header(HeaderId::to, host)
        .header(HeaderId::callId, id)
        .header(HeaderId::cseq, "1 OPTIONS")
        .header(HeaderId::contact, "<" + requester_->sentByTo(peer).uri(streamOver(peer.hop)) + ">")
        .header(HeaderId::accept, "application/sdp");
    return writer.finish();
  };
  requester_->request(flow, sip::Method::options, write,
                      [this, sent = parts_.clock.steady(), done = std::move(done)](const Requester::Answer& answer) {
                        const auto took = parts_.clock.steady() - sent;
                        done(outcomeOf(answer.response, std::chrono::duration_cast<std::chrono::milliseconds>(took)));
                      });
}

}  // namespace sallyport::call
