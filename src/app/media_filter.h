// SPDX-License-Identifier: Apache-2.0
#pragma once
// The media range in the kernel, as [firewall] wants it: raised while the process may, used by all workers, told of in
// `status` and metrics. Where it cannot be had and is not required, says why, and user space filters alone.
//
// Built by the composition root on the main thread; outlives the workers.

#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "firewall/kernel_pinholes.h"
#include "telemetry/metrics.h"

namespace sallyport::app {

struct RaisedFilter {
  std::optional<firewall::Helper> helper;
  std::optional<Error> why_not;  // neither: it is off
};

// Forks the helper: before any thread, and before privileges are dropped. Errors, only where it is required: those of
// firewall::startHelper().
Result<RaisedFilter> raiseFilter(const config::Config& config);

struct FilterReport {
  std::string mode;      // as configured
  std::string standing;  // "off", "unavailable", or firewall::toString()
  std::string reason;    // of "unavailable"
  firewall::Statistics figures;
};

class MediaFilter {
 public:
  MediaFilter(const config::Firewall& settings, RaisedFilter raised, telemetry::EventSink& log);

  // Null where there is none.
  firewall::Pinholes* pinholes() { return pinholes_.get(); }
  std::string admitted(const Endpoint& local) const { return pinholes_ ? pinholes_->admitted(local) : std::string{}; }
  FilterReport report() const;
  void publish(telemetry::Metrics& metrics) const;

 private:
  const config::FirewallMode mode_;
  std::optional<Error> why_not_;
  std::unique_ptr<firewall::KernelPinholes> pinholes_;
};

}  // namespace sallyport::app
