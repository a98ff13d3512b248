// SPDX-License-Identifier: Apache-2.0
// Who owns which transaction, tag and deadline, and when a call is laid to rest.
#include <algorithm>

#include "call/call_server.h"
#include "crypto/random.h"

namespace sallyport::call {

using telemetry::Severity;

constexpr auto kSoonest = std::chrono::milliseconds{1};

// Every entry from outside: the time is set once, and what the entry touched is settled at its end, when no
// handler of a call is on the stack any more.
class CallServer::Turn {
 public:
  explicit Turn(CallServer& server) : server_(server), outermost_(!server.in_turn_) {
    server_.in_turn_ = true;
    if (!outermost_) return;
    server_.context_.now = server_.parts_.clock.steady();
    server_.context_.wall = server_.parts_.clock.wall();
  }
  ~Turn() {
    if (!outermost_) return;
    server_.settle();
    server_.in_turn_ = server_.advancing_ = false;
    if (server_.parts_.deadline_moved) server_.parts_.deadline_moved();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  CallServer& server_;
  const bool outermost_;
};

namespace {

sip::TransactionLayer::Limits transactionLimits() {
  sip::TransactionLayer::Limits limits;
  limits.hash_key = {crypto::randomNumber(), crypto::randomNumber()};
  return limits;
}

}  // namespace

CallServer::CallServer(Parts parts, EdgePolicyPtr policy)
    : parts_(std::move(parts)),
      policy_(std::move(policy)),
      transactions_(*this, policy_->timers, transactionLimits()),
      context_{transactions_,       parts_.flows,   *this, parts_.sent_by,    parts_.worker, parts_.clock.steady(),
               parts_.clock.wall(), parts_.targets, this,  parts_.challenges, &parts_.log},
      own_requests_(context_,
                    [this](const std::function<void()>& action) {
                      const Turn turn{*this};
                      action();
                    }),
      authentication_(parts_.nonces, parts_.judges.authentication, parts_.judges.failures) {}

CallServer::~CallServer() { calls_.clear(); }

void CallServer::adopt(EdgePolicyPtr policy, Judges judges) {
  const Turn turn{*this};
  authentication_.adopt(judges.authentication, judges.failures);
  parts_.judges = std::move(judges);
  policy_ = std::move(policy);
  std::vector<Bridge*> orphans;
  for (auto& [id, entry] : calls_) {
    if (entry.bridge->isOver()) continue;
    const auto peers = entry.bridge->peers();
    const auto gone = [&](std::string_view name) { return policy_->peer(name) == nullptr; };
    if (std::any_of(peers.begin(), peers.end(), gone)) orphans.push_back(entry.bridge.get());
  }
  for (auto* call : orphans) {
    touched_.push_back(call->id());
    call->end({"call.peer_removed", "a peer of this call is no longer configured", "edge", 403});
  }
}

void CallServer::receive(sip::FlowId flow, sip::Message message) {
  const Turn turn{*this};
  if (message.isRequest()) {
    parts_.metrics.sipRequest(telemetry::Direction::received, message.methodName());
  } else {
    parts_.metrics.sipResponse(telemetry::Direction::received, message.methodName(),
                               static_cast<unsigned>(message.status()));
  }
  transactions_.receive(flow, sip::Reliability::reliable, std::move(message), context_.now);
}

void CallServer::flowClosed(sip::FlowId flow) {
  const Turn turn{*this};
  if (const auto found = flow_legs_.find(flow); found != flow_legs_.end()) {
    for (auto* leg : std::vector<Leg*>{found->second}) touch(*leg).onFlowClosed(flow);
  }
  transactions_.flowClosed(flow, context_.now);
  authentication_.flowClosed(flow);
  if (parts_.judges.tokens) parts_.judges.tokens->flowClosed(flow);
  if (services_.registrar != nullptr) services_.registrar->flowClosed(flow);
  if (services_.relay != nullptr) services_.relay->flowClosed(flow);
}

void CallServer::trustWithdrawn(sip::FlowId flow) {
  const Turn turn{*this};
  if (services_.registrar != nullptr) services_.registrar->trustWithdrawn(flow);
  const auto found = flow_legs_.find(flow);
  if (found == flow_legs_.end()) return;
  std::set<std::string> ending;
  for (const auto* leg : found->second) ending.insert(leg->call());
  for (const auto& id : ending) {
    touched_.push_back(id);
    calls_.at(id).bridge->end({"call.peer_withdrawn", "a party of this call is no longer trusted", "edge", 403});
  }
}

void CallServer::transmit(sip::FlowId flow, const std::string& bytes) { parts_.flows.send(flow, bytes); }

// --- time ---------------------------------------------------------------------------------------------------

std::optional<TimePoint> CallServer::nextDeadline() const {
  auto first = transactions_.nextDeadline();
  if (!deadlines_.empty() && (!first || deadlines_.begin()->first < *first)) first = deadlines_.begin()->first;
  return first;
}

void CallServer::advance() {
  const Turn turn{*this};
  advancing_ = true;
  transactions_.advance(context_.now);
  std::vector<std::string> due;
  for (const auto& [at, id] : deadlines_) {
    if (at > context_.now) break;
    due.push_back(id);
  }
  for (const auto& id : due) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) continue;
    touched_.push_back(id);
    found->second.bridge->advance();
  }
}

void CallServer::watch() {
  const Turn turn{*this};
  for (auto& [id, entry] : calls_) {
    if (entry.bridge->isOver()) continue;
    entry.bridge->watch();
    if (entry.bridge->isOver()) touched_.push_back(id);
  }
}

void CallServer::settle() {
  while (!touched_.empty()) {
    const auto touched = std::move(touched_);
    touched_.clear();
    for (const auto& id : touched) {
      const auto found = calls_.find(id);
      if (found == calls_.end()) continue;
      auto& entry = found->second;
      if (entry.armed) deadlines_.erase({*entry.armed, id});
      entry.bridge->tidy();
      if (entry.bridge->isFinished()) {
        calls_.erase(found);
        continue;
      }
      entry.armed = entry.bridge->deadline();
      if (entry.armed && *entry.armed <= context_.now) {
        if (advancing_) ++put_off_;
        entry.armed = context_.now + kSoonest;
      }
      if (entry.armed) deadlines_.emplace(*entry.armed, id);
    }
  }
}

// --- calls --------------------------------------------------------------------------------------------------

void CallServer::onCallAnswered(Bridge& call) {
  parts_.metrics.callAnswered();
  const auto record = call.record();
  parts_.log.event(Severity::info, "call.answered",
                   {{"call", call.id()},
                    {"codec", record.legs[0].codec},
                    {"caller_suite", record.legs[0].srtp_suite},
                    {"callee_suite", record.legs[1].srtp_suite}});
}

void CallServer::onCallEnded(Bridge& call) {
  --live_;
  if (parts_.live_everywhere != nullptr) --*parts_.live_everywhere;
  parts_.metrics.callsActive(-1);
  const auto record = call.record();
  if (!record.answered) parts_.metrics.callFailed(record.end.code);
  for (const auto& id : calls_.at(call.id()).sip_call_ids)
    parts_.directory.remove(id, CallDirectory::Direction::received);
  const auto seconds =
      record.answered && record.ended ? std::chrono::duration<double>(*record.ended - *record.answered).count() : 0.0;
  parts_.log.event(Severity::info, "call.ended",
                   {{"call", call.id()},
                    {"reason", record.end.code},
                    {"detail", record.end.text},
                    {"by", record.end.by},
                    {"status", record.end.sip_status},
                    {"seconds", seconds}});
  parts_.records.append(record);
  touched_.push_back(call.id());
}

void CallServer::onMediaMoved(Bridge& call) {
  const Turn turn{*this};
  touched_.push_back(call.id());
}

void CallServer::endAll(const EndCause& cause) {
  const Turn turn{*this};
  for (auto& [id, entry] : calls_) {
    touched_.push_back(id);
    entry.bridge->end(cause);
  }
}

bool CallServer::endCall(std::string_view id, const EndCause& cause) {
  const Turn turn{*this};
  const auto found = calls_.find(std::string{id});
  if (found == calls_.end() || found->second.bridge->isOver()) return false;
  touched_.push_back(found->first);
  found->second.bridge->end(cause);
  return true;
}

std::vector<telemetry::CallRecord> CallServer::snapshot() const {
  std::vector<telemetry::CallRecord> records;
  records.reserve(live_);
  for (const auto& [id, entry] : calls_) {
    if (!entry.bridge->isOver()) records.push_back(entry.bridge->record());
  }
  return records;
}

CallServer::Holdings CallServer::holdings() const {
  return {calls_.size(),     tag_legs_.size(),        client_legs_.size() + server_legs_.size() + flow_legs_.size(),
          deadlines_.size(), own_requests_.pending(), transactions_.size()};
}

// --- LegIndex ------------------------------------------------------------------------------------------------

void CallServer::bind(sip::ClientTransactionId id, Leg& leg) {
  client_legs_[static_cast<std::uint64_t>(id)] = &leg;
  tag_legs_[leg.localTag()].clients.push_back(static_cast<std::uint64_t>(id));
}

void CallServer::bind(sip::ServerTransactionId id, Leg& leg) {
  server_legs_[static_cast<std::uint64_t>(id)] = &leg;
  tag_legs_[leg.localTag()].servers.push_back(static_cast<std::uint64_t>(id));
}

void CallServer::bindTag(const std::string& local_tag, Leg& leg) { tag_legs_[local_tag].leg = &leg; }

void CallServer::bindFlow(sip::FlowId flow, Leg& leg) {
  auto& bound = tag_legs_[leg.localTag()];
  if (bound.flow == flow) return;
  leaveFlow(bound);
  bound.flow = flow;
  flow_legs_[flow].push_back(&leg);
}

void CallServer::leaveFlow(Bound& bound) {
  if (!bound.flow) return;
  const auto found = flow_legs_.find(*bound.flow);
  std::erase(found->second, bound.leg);
  if (found->second.empty()) flow_legs_.erase(found);
  bound.flow.reset();
}

void CallServer::bindCallId(const std::string& call_id, Leg& leg) {
  tag_legs_[leg.localTag()].call_id = call_id;
  parts_.directory.add(call_id, CallDirectory::Direction::sent, parts_.worker);
}

void CallServer::unbind(sip::ClientTransactionId id, Leg& leg) {
  client_legs_.erase(static_cast<std::uint64_t>(id));
  std::erase(tag_legs_[leg.localTag()].clients, static_cast<std::uint64_t>(id));
}

void CallServer::unbind(sip::ServerTransactionId id, Leg& leg) {
  server_legs_.erase(static_cast<std::uint64_t>(id));
  std::erase(tag_legs_[leg.localTag()].servers, static_cast<std::uint64_t>(id));
}

void CallServer::unbind(Leg& leg) {
  const auto bound = tag_legs_.find(leg.localTag());
  if (bound == tag_legs_.end()) return;
  for (const auto id : bound->second.clients) client_legs_.erase(id);
  for (const auto id : bound->second.servers) server_legs_.erase(id);
  leaveFlow(bound->second);
  if (!bound->second.call_id.empty()) parts_.directory.remove(bound->second.call_id, CallDirectory::Direction::sent);
  tag_legs_.erase(bound);
}

void CallServer::resume(const std::string& local_tag, const std::function<void(Leg&)>& action) {
  const Turn turn{*this};
  if (Leg* leg = byTag(local_tag)) action(touch(*leg));
}

Leg* CallServer::byTag(std::string_view local_tag) const {
  const auto found = tag_legs_.find(local_tag);
  return found == tag_legs_.end() ? nullptr : found->second.leg;
}

Leg& CallServer::touch(Leg& leg) {
  touched_.push_back(leg.call());
  return leg;
}

}  // namespace sallyport::call
