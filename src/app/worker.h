// SPDX-License-Identifier: Apache-2.0
#pragma once
// One worker's share of the edge: its connections, its media ports, its calls, and the timers that drive
// them. Built on the main thread before the worker starts, used on the worker's thread afterwards.

#include <memory>

#include "app/judges.h"
#include "app/trust.h"
#include "call/call_server.h"
#include "call/media_plane.h"
#include "call/signalling_plane.h"
#include "net/worker_pool.h"

namespace sallyport::app {

class Worker final : public net::Drainable {
 public:
  struct Parts {
    unsigned index = 0;
    net::Loop& loop;
    call::PlaneMesh& mesh;
    const net::PortPool& ports;
    JudgeTables& tables;
    call::RecordSink& records;
    telemetry::EventSink& log;
    telemetry::WorkerMetrics& metrics;
    const Clock& clock;
  };

  Worker(Parts parts, const call::EdgePolicyPtr& policy, std::shared_ptr<const call::SignallingTrust> trust,
         call::Judges judges);

  Status listen(const config::Config& config, const ServerContexts& contexts);
  Status start();
  void adopt(call::EdgePolicyPtr policy, std::shared_ptr<const call::SignallingTrust> trust, call::Judges judges);

  call::CallServer& calls() { return calls_; }
  call::SignallingPlane& signalling() { return signalling_; }

  void beginDrain() override;
  // Of all workers: one without calls goes on serving the connections that others' calls may need.
  std::size_t remaining() const override { return mesh_.live_calls.load(); }

 private:
  void rearm();
  void everySecond();

  net::Loop& loop_;
  const call::PlaneMesh& mesh_;
  const Clock& clock_;
  call::EdgePolicyPtr policy_;
  call::SignallingPlane signalling_;
  call::MediaPlane media_;
  net::TurnHook rearm_;
  call::CallServer calls_;
  net::TimerHandle deadline_, second_, last_call_;
};

// host:port that stands in our Via and Contact.
std::string sentBy(const config::Config& config);

}  // namespace sallyport::app
