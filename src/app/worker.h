// SPDX-License-Identifier: Apache-2.0
#pragma once
// One worker's share of the edge: its connections, its media ports, its calls, and the timers that drive
// them. Built on the main thread before the worker starts, used on the worker's thread afterwards.

#include <memory>

#include "app/judges.h"
#include "app/outbound.h"
#include "app/registration_keeper.h"
#include "app/trust.h"
#include "call/call_server.h"
#include "call/media_plane.h"
#include "call/request_relay.h"
#include "call/request_routes.h"
#include "call/signalling_plane.h"
#include "call/target_places.h"
#include "call/trunk_registrations.h"
#include "call/upstream_registrar.h"
#include "net/worker_pool.h"

namespace sallyport::app {

class Worker final : public net::Drainable {
 public:
  struct Parts {
    unsigned index = 0;
    net::Loop& loop;
    call::PlaneMesh& mesh;
    const call::MediaPlane::Shared media;
    JudgeTables& tables;
    call::RecordSink& records;
    telemetry::EventSink& log;
    telemetry::WorkerMetrics& metrics;
    const Clock& clock;
    RegistrationKeeper* registrations = nullptr;  // null: the edge is no registrar
  };

  Worker(Parts parts, const call::EdgePolicyPtr& policy, std::shared_ptr<const call::SignallingTrust> trust,
         call::Judges judges);

  Status listen(const config::Config& config, const ServerContexts& contexts, std::shared_ptr<const net::WebRules> web);
  Status start();
  void adopt(call::EdgePolicyPtr policy, std::shared_ptr<const call::SignallingTrust> trust, call::Judges judges,
             std::shared_ptr<const net::WebRules> web);
  // Once every worker has adopted.
  void endUntrusted(const call::AuthenticationRules& rules) { signalling_.endUntrusted(rules); }

  call::CallServer& calls() { return calls_; }
  call::SignallingPlane& signalling() { return signalling_; }
  call::PeerTargets& targets() { return outbound_.targets(); }
  std::vector<call::TrunkSnapshot> trunks() const;

  void beginDrain() override;
  // Of all workers: one without calls goes on serving the connections that others' calls may need.
  std::size_t remaining() const override { return mesh_.live_calls.load(); }

 private:
  void rearm();
  void everySecond();
  void beRegistrar(unsigned index, RegistrationKeeper& keeper, std::shared_ptr<const call::TurnCredentials> turn);
  call::Upstream* upstream() { return policy_->config->registrar.upstream.empty() ? nullptr : upstream_.get(); }
  // Registered at carriers by the first worker, for all of them.
  void keepTrunks();

  const unsigned index_;
  telemetry::EventSink& log_;
  net::Loop& loop_;
  const call::PlaneMesh& mesh_;
  const Clock& clock_;
  call::EdgePolicyPtr policy_;
  call::SignallingPlane signalling_;
  call::MediaPlane media_;
  net::TurnHook rearm_;
  // Where the edge is a registrar; the calls know them, so they outlive those.
  std::unique_ptr<call::UpstreamRegistrar> upstream_;
  std::unique_ptr<call::Registrar> registrar_;
  Outbound outbound_;
  call::TargetPlaces places_;
  call::PolicyRoutes routes_;
  std::unique_ptr<call::RequestRelay> relay_;
  call::PeerChallenges challenges_;
  call::CallServer calls_;
  std::unique_ptr<call::TrunkRegistrations> trunks_;
  net::TimerHandle deadline_, second_, last_call_;
};

// What stands in our Via and Contact.
call::SentBy sentBy(const config::Config& config);

}  // namespace sallyport::app
