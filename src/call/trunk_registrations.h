// SPDX-License-Identifier: Apache-2.0
#pragma once
// The registrations at carriers ([[peer]] registration): one machine for each, their REGISTERs sent over our own
// connection to the peer. One of the workers has them all, so that a carrier knows us once.
//
// Used on that worker's thread. Events: "trunk.registered", "trunk.registration_failed", "trunk.unregistered".

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call/policy.h"
#include "call/requester.h"
#include "call/trunk_registration.h"
#include "telemetry/event.h"

namespace sallyport::call {

// One registration as an operator sees it.
struct TrunkSnapshot {
  std::string peer;
  std::string aor;
  TrunkState state = TrunkState::waiting;
  WallTime since{};                  // registered, or not registered
  std::optional<WallTime> expires;   // of the binding that stands
  std::optional<WallTime> next_try;  // refresh, or the next try after a failure
  int last_status = 0;               // 0: no answer
  std::string last_reason;           // a code; empty: nothing is wrong
  unsigned failures = 0;             // in a row
};

class TrunkRegistrations {
 public:
  struct Parts {
    Requester& requester;
    Challenges& challenges;
    telemetry::EventSink& log;
    const Clock& clock;
    std::function<std::uint64_t()> random;
    std::function<bool(sip::FlowId)> is_open;  // whether the connection still lives
  };

  explicit TrunkRegistrations(Parts parts);
  ~TrunkRegistrations();

  // The registrations from now on: what is gone or changed is unregistered, what is new is registered.
  void adopt(EdgePolicyPtr policy);
  // No more registrations: unregisters what stands.
  void drain();
  bool isIdle() const;  // nothing is being asked and nothing is left to unregister

  void advance();  // once a second

  std::vector<TrunkSnapshot> snapshot() const;

 private:
  struct Trunk;

  void send(const std::shared_ptr<Trunk>& trunk);
  void onAnswer(const std::shared_ptr<Trunk>& trunk, Requester::Answer answer);
  void tell(const Trunk& trunk, TrunkRegistration::Change change);

  Parts parts_;
  EdgePolicyPtr policy_;
  bool draining_ = false;
  std::vector<std::shared_ptr<Trunk>> trunks_;
};

}  // namespace sallyport::call
