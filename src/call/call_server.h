// SPDX-License-Identifier: Apache-2.0
#pragma once
// Accepts and owns the calls of one worker: every message of a verified flow comes in here, is judged
// by the guard, and reaches its leg or begins a call. Sans I/O: connections and ports are behind
// Flows and MediaPortFactory, the time comes from the Clock given.
//
// One per worker, used on its thread only.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "call/authentication.h"
#include "call/bridge.h"
#include "call/call_directory.h"
#include "call/call_planner.h"
#include "call/own_requests.h"
#include "call/registrar.h"
#include "call/request_relay.h"
#include "call/routing.h"
#include "core/clock.h"
#include "guard/admission_chain.h"
#include "guard/decision_log.h"
#include "guard/trunk_rules.h"
#include "telemetry/metrics.h"

namespace sallyport::call {

// Where records go: journaled when a call is admitted, kept when it has ended.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void begin(telemetry::CallRecord record) = 0;
  virtual void append(telemetry::CallRecord record) = 0;
};

// What requests are judged by: shared by all workers, swapped whole on reload.
struct Judges {
  std::shared_ptr<guard::AdmissionChain> admission;
  std::shared_ptr<guard::AuthFailureLimits> failures;
  std::shared_ptr<guard::TrunkAdmission> trunks;
  AuthenticationRulesPtr authentication;
  std::shared_ptr<identity::TokenBindings> tokens = nullptr;  // told which connections end; null: no tokens
};

class CallServer final : public sip::TransactionLayer::Sink,
                         public RelayAnswers,
                         private LegIndex,
                         private CallRouter,
                         private CallEvents {
 public:
  struct Parts {
    unsigned worker = 0;
    SentBy sent_by;
    Flows& flows;
    MediaPortFactory& ports;
    Judges judges;
    const identity::Nonces& nonces;
    guard::DecisionLog& decisions;
    CallDirectory& directory;
    RecordSink& records;
    telemetry::EventSink& log;
    telemetry::WorkerMetrics& metrics;
    const Clock& clock;
    std::function<void()> deadline_moved;                 // after every turn: look at nextDeadline() again
    std::atomic<std::size_t>* live_everywhere = nullptr;  // counts the calls of all workers, when given
    TargetObserver* targets = nullptr;                    // hears what became of every attempt, when given
    TargetSource* places = nullptr;                       // without it a routed target is the only one
    const Registrations* registrations = nullptr;         // whose tokens a core may call, when there are any
    Challenges* challenges = nullptr;                     // what answers those of peers; null: nobody
  };

  CallServer(Parts parts, EdgePolicyPtr policy);
  ~CallServer() override;

  // What answers requests outside of calls; both outlive this, null: refused.
  struct Services {
    Registrar* registrar = nullptr;
    RequestRelay* relay = nullptr;  // MESSAGE, PUBLISH, SUBSCRIBE and NOTIFY, as far as the guard lets them
  };
  void offer(Services services) { services_ = services; }

  // Newer rules for what comes next. Live calls keep their media policy; a call whose peer is gone from
  // the configuration ends ("call.peer_removed").
  void adopt(EdgePolicyPtr policy, Judges judges);

  void receive(sip::FlowId flow, sip::Message message);
  void flowClosed(sip::FlowId flow);
  // Whoever is on that connection is no longer trusted, and it is about to end: so do the bindings made over it and
  // the calls on it ("call.peer_withdrawn").
  void trustWithdrawn(sip::FlowId flow);

  std::optional<TimePoint> nextDeadline() const;
  // How often advance() left something undone that was due: a defect, which must not become a busy loop.
  std::uint64_t deadlinesPutOff() const { return put_off_; }
  void advance();
  void watch();  // once a second: media timeouts

  // No new calls from now on (503 with Retry-After); live ones go on.
  void drain() { draining_ = true; }
  void endAll(const EndCause& cause);
  bool endCall(std::string_view id, const EndCause& cause);
  std::size_t liveCalls() const { return live_; }
  Requester& requester() { return own_requests_; }
  std::vector<telemetry::CallRecord> snapshot() const;

  // What is kept at the moment, for reports and for tests that nothing outlives its call.
  struct Holdings {
    std::size_t calls = 0;         // live, and ended ones that still say goodbye
    std::size_t tags = 0;          // one per leg
    std::size_t bindings = 0;      // transactions and connections that lead to a leg
    std::size_t deadlines = 0;     // of calls
    std::size_t own_requests = 0;  // outside calls
    std::size_t transactions = 0;  // also those that only linger (RFC 3261 timers D to K)
  };
  Holdings holdings() const;

  // RelayAnswers
  void respond(sip::ServerTransactionId id, int status, std::string bytes) override;

  // sip::TransactionLayer::Sink
  void transmit(sip::FlowId flow, const std::string& bytes) override;
  void onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) override;
  void onAck(sip::FlowId flow, sip::Message ack) override;
  std::optional<int> refuseCancel(sip::FlowId flow, const sip::Message& cancel) override;
  void onCancel(sip::ServerTransactionId invite, const sip::Message& cancel) override;
  void onResponse(sip::ClientTransactionId id, sip::FlowId flow, sip::Message response) override;
  void onClientFailure(sip::ClientTransactionId id, const Error& error) override;
  void onServerFailure(sip::ServerTransactionId id, const Error& error) override;
  bool samePeer(sip::FlowId known, sip::FlowId came_on) const override;

 private:
  struct TagHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view tag) const { return std::hash<std::string_view>{}(tag); }
  };
  struct Bound {  // a leg, and what leads to it
    Leg* leg = nullptr;
    std::vector<std::uint64_t> clients, servers;
    std::optional<sip::FlowId> flow;
    std::string call_id;  // when we have made it
  };
  struct Entry {
    std::unique_ptr<Bridge> bridge;
    std::vector<std::string> sip_call_ids;  // of the INVITEs that opened it, and took over a side of it
    std::optional<TimePoint> armed = {};    // what deadlines_ holds for it
  };

  // LegIndex
  void bind(sip::ClientTransactionId id, Leg& leg) override;
  void bind(sip::ServerTransactionId id, Leg& leg) override;
  void bindTag(const std::string& local_tag, Leg& leg) override;
  void bindFlow(sip::FlowId flow, Leg& leg) override;
  void bindCallId(const std::string& call_id, Leg& leg) override;
  void unbind(sip::ClientTransactionId id, Leg& leg) override;
  void unbind(sip::ServerTransactionId id, Leg& leg) override;
  void unbind(Leg& leg) override;
  Leg* legOf(std::string_view local_tag) override { return byTag(local_tag); }
  void resume(const std::string& local_tag, const std::function<void(Leg&)>& action) override;

  // CallRouter
  Result<OnwardRoute> onward(const OnBehalf& by, std::string_view uri) override;
  Result<guard::CallPermits> admit(const OnBehalf& by, std::string_view target) override;

  // CallEvents
  void onCallAnswered(Bridge& call) override;
  void onCallEnded(Bridge& call) override;
  void onMediaMoved(Bridge& call) override;

  void leaveFlow(Bound& bound);

  class Turn;  // sets the time on entry; re-arms and buries calls on leaving
  void settle();

  // Who sends this; answers with a challenge or a refusal where that is not proven. Nothing: answered.
  std::optional<RequestAuthentication::Proven> authenticate(sip::ServerTransactionId id, sip::FlowId flow,
                                                            const FlowFacts& facts, const sip::Message& request);
  guard::Admission judge(const FlowFacts& flow, const sip::Message& request, guard::RequestScope scope);
  // Judges a request; answers and records a refusal. Nothing: refused.
  std::optional<guard::AdmittedRequest> admit(sip::ServerTransactionId id, const FlowFacts& flow,
                                              const sip::Message& request, guard::RequestScope scope);
  void refuse(sip::ServerTransactionId id, const sip::Message& request, int status, const FlowFacts& flow,
              const Error& error, std::optional<std::chrono::seconds> retry_after = {},
              const std::vector<identity::AnswerHeader>& headers = {});
  void logRefusal(const sip::Message& request, int status, const FlowFacts& flow, const Error& error);
  void registration(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts,
                    const identity::Principal& principal, sip::Message request);
  void inDialog(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts, sip::Message request);
  void newCall(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts, sip::Message request,
               guard::AdmittedRequest admitted);
  CallPlanner planner() const {
    return CallPlanner{{parts_.worker, parts_.directory, parts_.places, parts_.registrations}};
  }
  void replacing(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts, sip::Message invite,
                 guard::AdmittedRequest admitted);
  // The leg whose dialog an INVITE is to take over.
  Result<Leg*> replacedBy(const sip::Message& invite, const FlowFacts& facts) const;
  void answerOptions(sip::ServerTransactionId id, const FlowFacts& facts, const sip::Message& request);
  Leg* byTag(std::string_view local_tag) const;
  // The leg's call is looked at again when the turn ends.
  Leg& touch(Leg& leg);

  Parts parts_;
  EdgePolicyPtr policy_;
  sip::TransactionLayer transactions_;
  LegContext context_;
  OwnRequests own_requests_;
  RequestAuthentication authentication_;
  Services services_;
  bool draining_ = false;
  bool in_turn_ = false;
  bool advancing_ = false;
  std::uint64_t put_off_ = 0;
  std::size_t live_ = 0;
  std::unordered_map<std::string, Entry> calls_;  // by call id
  std::set<std::pair<TimePoint, std::string>> deadlines_;
  std::vector<std::string> touched_;  // calls whose deadline or state may have changed this turn
  std::unordered_map<std::uint64_t, Leg*> client_legs_, server_legs_;
  std::unordered_map<std::string, Bound, TagHash, std::equal_to<>> tag_legs_;
  std::unordered_map<sip::FlowId, std::vector<Leg*>> flow_legs_;
};

}  // namespace sallyport::call
