// SPDX-License-Identifier: Apache-2.0
#pragma once
// The control protocol: one JSON object per line over the control socket (0600), one JSON object back.
// {"command":"status"} - {"command":"why","subject":"alice@example.org","count":20}. An answer has either
// the command's members or "error": {"code", "detail"}.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/issuer_key_keeper.h"
#include "app/media_filter.h"
#include "app/trunks_report.h"
#include "call/peer_report.h"
#include "call/registrations.h"
#include "core/clock.h"
#include "core/result.h"
#include "guard/admission_chain.h"
#include "guard/decision_log.h"
#include "net/unix_server.h"
#include "store/sqlite_call_store.h"
#include "telemetry/call_record.h"
#include "telemetry/metrics.h"

namespace sallyport::app {

struct StatusReport {
  WallTime started{}, now{};
  std::string config;
  unsigned workers = 0;
  bool draining = false;
  telemetry::Metrics::Totals totals;
  std::vector<guard::RuleReport> rules;
  std::string capabilities;
  store::StoreStatistics store;
  std::uint64_t log_dropped = 0;
  std::vector<std::pair<std::string, std::string>> listeners;
  std::vector<std::string> drained_peers;
  std::vector<std::string> unprotected_peers;
  FilterReport filter;
  struct Transcoding {
    unsigned calls = 0, permitted = 0;
    std::uint64_t refused = 0;
  } transcoding;
  std::optional<IssuerKeyKeeper::Report> token_keys = {};  // of an issuer with a `jwks_url`
};

// What the edge can be asked. Called on the main thread.
class ControlTarget {
 public:
  virtual ~ControlTarget() = default;
  virtual StatusReport status() = 0;
  virtual std::vector<telemetry::CallRecord> calls() = 0;
  // Whom the kernel lets through to a media port, as firewall::Pinholes says it.
  virtual std::string admitted(const Endpoint& port) = 0;
  // Of one address, or all there are. Error: registrar.off.
  virtual Result<std::vector<call::BindingPtr>> registrations(std::string_view aor) = 0;
  virtual std::vector<call::PeerReport> peers() = 0;
  virtual std::vector<guard::Decision> why(std::string_view subject, std::size_t count) = 0;
  virtual Result<std::optional<telemetry::CallRecord>> evidence(std::string_view call_id) = 0;
  virtual void requestDrain() = 0;
  virtual Status requestReload() = 0;
  virtual bool hangup(std::string_view call_id) = 0;
  virtual std::vector<TrunkReport> trunks() = 0;
  // No new calls to or from this peer, live ones go on; kept across reloads. Error: "app.peer.unknown".
  virtual Status drainPeer(std::string_view peer) = 0;
  virtual Status enablePeer(std::string_view peer) = 0;
};

class ControlServer final : public net::UnixRequestHandler {
 public:
  ControlServer(ControlTarget& target, const Clock& clock) : target_(target), clock_(clock) {}
  void onRequest(std::string_view line, net::UnixReply reply) override;

 private:
  std::string answer(std::string_view line);
  ControlTarget& target_;
  const Clock& clock_;
};

}  // namespace sallyport::app
