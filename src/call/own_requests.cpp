// SPDX-License-Identifier: Apache-2.0
#include "call/own_requests.h"

#include "call/via.h"

namespace sallyport::call {

void OwnRequests::request(const PeerPolicy& to, sip::Method method, Write write, Done done) {
  Target target;
  target.peer = &to;
  target.label = to.name;
  context_.flows.acquire(target, [this, sent_by = sentByTo(to), method, write = std::move(write),
                                  done = std::move(done)](Result<sip::FlowId> flow) mutable {
    enter_([&] {
      if (!flow) return done({{}, flow.error()});
      send(*flow, sent_by, method, write, std::move(done));
    });
  });
}

void OwnRequests::request(sip::FlowId on, sip::Method method, Write write, Done done) {
  enter_([&] { send(on, sentBy(), method, write, std::move(done)); });
}

void OwnRequests::send(sip::FlowId flow, const SentBy& sent_by, sip::Method method, const Write& write, Done done) {
  const auto branch = newBranch(context_.worker);
  const auto facts = context_.flows.facts(flow);
  const auto transport = facts ? facts->transport : Transport::tls;
  auto sent = context_.transactions.send(flow, sip::Reliability::reliable, method, branch,
                                         write(sent_by.via(transport, branch, facts ? facts->listener : std::string{})),
                                         context_.now);
  if (!sent) return done({flow, sent.error()});
  pending_.emplace(static_cast<std::uint64_t>(*sent), Pending{flow, std::move(done)});
}

void OwnRequests::onResponse(sip::ClientTransactionId id, sip::FlowId flow, sip::Message response) {
  const auto found = pending_.find(static_cast<std::uint64_t>(id));
  if (found == pending_.end()) return;
  if (response.isProvisional()) return;
  const auto done = std::move(found->second.done);
  pending_.erase(found);
  done({flow, std::move(response)});
}

void OwnRequests::onFailure(sip::ClientTransactionId id, const Error& error) {
  const auto found = pending_.find(static_cast<std::uint64_t>(id));
  if (found == pending_.end()) return;
  const auto pending = std::move(found->second);
  pending_.erase(found);
  pending.done({pending.flow, error});
}

}  // namespace sallyport::call
