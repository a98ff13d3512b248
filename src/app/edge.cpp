// SPDX-License-Identifier: Apache-2.0
#include "app/edge.h"

#include <signal.h>

#include <algorithm>
#include <iostream>

#include "app/commands.h"
#include "app/control.h"
#include "app/issuer_key_keeper.h"
#include "app/judges.h"
#include "app/media_filter.h"
#include "app/service.h"
#include "app/trust.h"
#include "app/web_rules.h"
#include "app/worker.h"
#include "config/load.h"
#include "config/weakness.h"
#include "net/http_server.h"
#include "net/signals.h"
#include "net/unix_server.h"
#include "store/sqlite_call_store.h"
#include "telemetry/event_log.h"

namespace sallyport::app {
namespace {

using telemetry::Severity;

telemetry::Severity severityOf(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug: return Severity::debug;
    case config::LogLevel::info: return Severity::info;
    case config::LogLevel::notice: return Severity::notice;
    case config::LogLevel::warning: return Severity::warning;
    case config::LogLevel::error: return Severity::error;
  }
  return Severity::info;
}

telemetry::EventLogOptions logOptions(const config::Telemetry& telemetry) {
  telemetry::EventLogOptions options;
  using Target = telemetry::EventLogOptions::Target;
  options.target = telemetry.log == config::LogTarget::file            ? Target::file
                   : telemetry.log == config::LogTarget::standardError ? Target::standardError
                                                                       : Target::standardOutput;
  options.file = telemetry.log_file;
  options.minimum = severityOf(telemetry.level);
  options.events_per_second = telemetry.events_per_second;
  return options;
}

class StoreSink final : public call::RecordSink {
 public:
  explicit StoreSink(store::CallStore& store) : store_(store) {}
  void begin(telemetry::CallRecord record) override { store_.begin(std::move(record)); }
  void append(telemetry::CallRecord record) override { store_.append(std::move(record)); }

 private:
  store::CallStore& store_;
};

std::string describeSignal(int number) {
  return number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGHUP";
}

bool haveSameSockets(const config::Config& a, const config::Config& b) {
  const auto& plain_a = a.unprotected_listener;
  const auto& plain_b = b.unprotected_listener;
  const auto& web_a = a.web_listener;
  const auto& web_b = b.web_listener;
  return std::equal(a.listeners.begin(), a.listeners.end(), b.listeners.begin(), b.listeners.end(),
                    [](const auto& one, const auto& other) { return one.address == other.address; }) &&
         plain_a.has_value() == plain_b.has_value() && (!plain_a || plain_a->address == plain_b->address) &&
         web_a.has_value() == web_b.has_value() && (!web_a || web_a->address == web_b->address);
}

// What an operator has given up of the protection there is, said aloud.
void warnOfWeaknesses(const config::Config& config, telemetry::EventSink& log) {
  for (const auto& weakness : config::weaknessesOf(config)) {
    if (weakness.weight != config::Weakness::Weight::refused) continue;
    log.event(Severity::warning, "edge.weakness", {{"reason", weakness.code}, {"detail", weakness.text}});
  }
}

class Edge final : private ControlTarget {
 public:
  Edge(std::shared_ptr<const config::Config> config, net::Loop& main, telemetry::EventLog& log,
       store::SqliteCallStore& store, net::WorkerPool& pool, MediaFilter& filter, const Clock& clock, Secret decoy_key)
      : config_(std::move(config)),
        main_(main),
        log_(log),
        store_(store),
        pool_(pool),
        filter_(filter),
        clock_(clock),
        started_(clock.wall()),
        metrics_(pool.size()),
        tables_(std::move(decoy_key)),
        ports_({config_->media.first_port, config_->media.last_port}, {.dscp = config_->media.dscp}),
        records_(store),
        issuer_keys_(main, log, clock, [this] { endUntrusted(); }),
        control_(*this, clock) {
    mesh_.nodes.resize(pool.size());
  }

  Status start();
  void stop(const std::string& why);
  net::DrainReport join();
  void reload();

 private:
  Status furnish(const Certificates& certificates, const call::EdgePolicyPtr& policy,
                 const identity::IssuerKeysPtr& fetched_keys);
  void publishProbes(const Certificates& certificates);
  void endUntrusted();

  // ControlTarget
  StatusReport status() override;
  std::vector<telemetry::CallRecord> calls() override;
  std::vector<call::PeerReport> peers() override;
  Result<std::vector<call::BindingPtr>> registrations(std::string_view aor) override;
  std::vector<guard::Decision> why(std::string_view subject, std::size_t count) override {
    return tables_.decisions.about(subject, count);
  }
  Result<std::optional<telemetry::CallRecord>> evidence(std::string_view call_id) override;
  void requestDrain() override { stop("control socket"); }
  Status requestReload() override;
  bool hangup(std::string_view call_id) override;
  std::string admitted(const Endpoint& port) override { return filter_.admitted(port); }
  std::vector<TrunkReport> trunks() override;
  Status drainPeer(std::string_view peer) override;
  Status enablePeer(std::string_view peer) override;

  std::shared_ptr<const config::Config> config_;
  net::Loop& main_;
  telemetry::EventLog& log_;
  store::SqliteCallStore& store_;
  net::WorkerPool& pool_;
  MediaFilter& filter_;
  const Clock& clock_;
  const WallTime started_;
  telemetry::Metrics metrics_;
  JudgeTables tables_;
  call::Judges judges_;
  net::PortPool ports_;
  crypto::DtlsCertificates dtls_certificates_;
  call::TranscodingSlots transcoding_;
  StoreSink records_;
  IssuerKeyKeeper issuer_keys_;
  call::PlaneMesh mesh_;
  std::unique_ptr<RegistrationKeeper> registrations_;  // null: not a registrar; only a restart changes that
  ServerContexts contexts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  ControlServer control_;
  std::unique_ptr<net::UnixServer> control_socket_;
  std::unique_ptr<net::HttpServer> http_;
  bool stopping_ = false;
};

Status Edge::start() {
  SP_ASSIGN(const auto certificates, loadCertificates(*config_, clock_));
  SP_ASSIGN(const auto policy, call::compile(config_));
  if (config_->registrar.enabled) {
    SP_ASSIGN(registrations_, RegistrationKeeper::open(config_->registrar, clock_, log_));
  }
  SP_ASSIGN(auto key_source, issuer_keys_.prepare(*config_, certificates));
  SP_TRY(furnish(certificates, policy, key_source ? key_source->keys : nullptr));
  publishProbes(certificates);
  SP_ASSIGN(control_socket_, net::UnixServer::listen(main_, config_->edge.control_socket, control_));
  if (config_->telemetry.metrics) {
    SP_ASSIGN(
        http_,
        net::HttpServer::listen(main_, *config_->telemetry.metrics, [this](std::string_view path) -> net::HttpReply {
          if (path == "/metrics")
            return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_.renderPrometheus(clock_.wall())};
          if (path == "/healthz")
            return {stopping_ ? 503u : 200u, "text/plain; charset=utf-8", stopping_ ? "draining\n" : "ok\n"};
          return {404, "text/plain; charset=utf-8", "not here\n"};
        }));
  }
  for (auto& worker : workers_) SP_TRY(worker->start());
  pool_.onStopped([this] { (void)main_.post([this] { main_.stop(); }); });
  pool_.start();
  issuer_keys_.adopt(std::move(key_source));
  return success();
}

Status Edge::furnish(const Certificates& certificates, const call::EdgePolicyPtr& policy,
                     const identity::IssuerKeysPtr& fetched_keys) {
  SP_ASSIGN(contexts_, serverContexts(*config_, certificates, clock_));
  SP_ASSIGN(judges_, judgesOf(*config_, certificates, tables_, fetched_keys));
  SP_ASSIGN(const auto web, webRules(*config_));
  for (unsigned i = 0; i < pool_.size(); ++i) {
    workers_.push_back(
        std::make_unique<Worker>(Worker::Parts{i,
                                               pool_.loop(i),
                                               mesh_,
                                               {ports_, dtls_certificates_, transcoding_, filter_.pinholes()},
                                               tables_,
                                               records_,
                                               log_,
                                               metrics_.worker(i),
                                               clock_,
                                               registrations_.get()},
                                 policy, certificates.trust, judges_));
    SP_TRY(workers_.back()->listen(*config_, contexts_, web));
    pool_.onDrain(i, *workers_.back());
  }
  return success();
}

void Edge::publishProbes(const Certificates& certificates) {
  for (const auto& [name, not_after] : certificates.expiries) metrics_.certificateExpires(name, not_after);
  metrics_.addProbe("log_lines_dropped_total", "Log lines lost to a full queue",
                    [this] { return static_cast<double>(log_.dropped()); });
  metrics_.addProbe("unprotected_peers", "Peers that are reached by plain TCP and RTP, as they are configured", [this] {
    return static_cast<double>(std::count_if(config_->peers.begin(), config_->peers.end(),
                                             [](const config::Peer& peer) { return peer.unprotected; }));
  });
  metrics_.addProbe("records_waiting", "Call records not yet written",
                    [this] { return static_cast<double>(store_.statistics().waiting); });
  metrics_.addProbe("records_lost_total", "Call records that could not be kept",
                    [this] { return static_cast<double>(store_.statistics().lost); });
  const auto transcoding = [this](const char* name, const char* help,
                                  std::uint64_t call::TranscodingSlots::Counters::*of) {
    metrics_.addProbe(name, help, [this, of] { return static_cast<double>(transcoding_.counters().*of); });
  };
  metrics_.addProbe("calls_transcoded", "Calls whose voice is transcoded now, or may have to be",
                    [this] { return static_cast<double>(transcoding_.inUse()); });
  transcoding("calls_transcoded_total", "The same, ever", &call::TranscodingSlots::Counters::calls);
  transcoding("calls_transcoding_refused_total", "Calls that would have been, beyond transcoded_calls",
              &call::TranscodingSlots::Counters::refused);
  transcoding("media_transcoded_packets_total", "Packets of voice made of others",
              &call::TranscodingSlots::Counters::packets);
  filter_.publish(metrics_);
  if (!registrations_) return;
  metrics_.addProbe("registered_addresses", "Addresses of record with a binding",
                    [this] { return static_cast<double>(registrations_->table().aors()); });
  metrics_.addProbe("registrations_waiting", "Addresses whose change is not yet written",
                    [this] { return static_cast<double>(registrations_->statistics().waiting); });
}

void Edge::stop(const std::string& why) {
  if (stopping_) return;
  stopping_ = true;
  notifyService("STOPPING=1");
  log_.event(Severity::notice, "edge.draining", {{"why", why}, {"calls", metrics_.totals().calls_active}});
  pool_.drain(config_->edge.drain_deadline);
}

net::DrainReport Edge::join() {
  const auto report = pool_.join();
  control_socket_.reset();
  http_.reset();
  workers_.clear();
  return report;
}

void Edge::reload() {
  notifyService("RELOADING=1");
  if (const auto done = requestReload(); !done) {
    log_.event(Severity::error, "edge.reload_refused",
               {{"reason", done.error().code}, {"detail", done.error().detail}});
  }
  notifyService("READY=1");
}

Status Edge::requestReload() {
  SP_ASSIGN(auto loaded, config::loadOrExplain(config_->file));
  auto config = std::make_shared<const config::Config>(std::move(loaded));
  if (!haveSameSockets(*config, *config_)) {
    return Error{ErrorKind::misconfigured, "edge.reload.listeners",
                 "listener addresses change only with a restart; nothing was changed"};
  }
  SP_ASSIGN(const auto certificates, loadCertificates(*config, clock_));
  SP_ASSIGN(const auto policy, call::compile(config));
  SP_ASSIGN(auto key_source, issuer_keys_.prepare(*config, certificates));
  SP_ASSIGN(auto judges, judgesOf(*config, certificates, tables_, key_source ? key_source->keys : nullptr));
  SP_ASSIGN(const auto web, webRules(*config));
  SP_TRY(replaceIn(contexts_, certificates));
  config_ = std::move(config);
  if (registrations_) registrations_->adopt(config_->registrar);
  judges_ = std::move(judges);
  for (const auto& [name, not_after] : certificates.expiries) metrics_.certificateExpires(name, not_after);
  for (unsigned i = 0; i < pool_.size(); ++i) {
    auto* worker = workers_[i].get();
    pool_.runOn(i, [worker, policy, trust = certificates.trust, judges = judges_, web] {
      worker->adopt(policy, trust, judges, web);
    });
  }
  endUntrusted();
  issuer_keys_.adopt(std::move(key_source));
  (void)log_.reopen();
  warnOfWeaknesses(*config_, log_);
  log_.event(Severity::notice, "edge.reloaded", {{"config", config_->file.string()}});
  return success();
}

void Edge::endUntrusted() {
  for (unsigned i = 0; i < pool_.size(); ++i) {
    pool_.runOn(i, [worker = workers_[i].get(), rules = judges_.authentication] { worker->endUntrusted(*rules); });
  }
}

StatusReport Edge::status() {
  StatusReport report;
  report.started = started_;
  report.now = clock_.wall();
  report.config = config_->file.string();
  report.workers = pool_.size();
  report.draining = stopping_;
  report.totals = metrics_.totals();
  report.rules = judges_.admission->report();
  for (const auto& some : {judges_.failures->report(), judges_.trunks->report()})
    report.rules.insert(report.rules.end(), some.begin(), some.end());
  report.drained_peers = tables_.drained->list();
  report.capabilities = heldCapabilities();
  report.filter = filter_.report();
  report.transcoding = {transcoding_.inUse(), config_->media.transcoded_calls, transcoding_.counters().refused};
  report.store = store_.statistics();
  report.token_keys = issuer_keys_.report();
  report.log_dropped = log_.dropped();
  for (const auto& listener : config_->listeners)
    report.listeners.emplace_back(listener.name, listener.address.toString());
  if (const auto& web = config_->web_listener)
    report.listeners.emplace_back(config::kWebListener, web->address.toString());
  if (const auto& plain = config_->unprotected_listener)
    report.listeners.emplace_back(config::kUnprotectedListener, plain->address.toString());
  for (const auto& peer : config_->peers) {
    if (peer.unprotected) report.unprotected_peers.push_back(peer.name);
  }
  return report;
}

std::vector<telemetry::CallRecord> Edge::calls() {
  std::vector<telemetry::CallRecord> all;
  for (unsigned i = 0; i < pool_.size(); ++i) {
    pool_.runOn(i, [&all, worker = workers_[i].get()] {
      auto some = worker->calls().snapshot();
      std::move(some.begin(), some.end(), std::back_inserter(all));
    });
  }
  return all;
}

Result<std::vector<call::BindingPtr>> Edge::registrations(std::string_view aor) {
  if (!registrations_) {
    return Error{ErrorKind::misconfigured, "registrar.off", "this edge registers nobody: 'enabled' in [registrar]"};
  }
  const auto now = clock_.wall();
  return aor.empty() ? registrations_->table().snapshot(now) : registrations_->table().byAor(aor, now);
}

std::vector<call::PeerReport> Edge::peers() {
  std::vector<std::vector<call::PeerSnapshot>> snapshots(pool_.size());
  for (unsigned i = 0; i < pool_.size(); ++i) {
    pool_.runOn(i, [&snapshots, i, worker = workers_[i].get()] { snapshots[i] = worker->targets().snapshot(); });
  }
  return call::peerReports(*config_, snapshots, calls());
}

Result<std::optional<telemetry::CallRecord>> Edge::evidence(std::string_view call_id) {
  for (auto& live : calls()) {
    if (live.call_id == call_id) return std::optional{std::move(live)};
  }
  (void)store_.flush(std::chrono::seconds{2});
  return store_.find(call_id);
}

bool Edge::hangup(std::string_view call_id) {
  bool found = false;
  for (unsigned i = 0; i < pool_.size() && !found; ++i) {
    pool_.runOn(i, [&found, call_id, worker = workers_[i].get()] {
      found = worker->calls().endCall(call_id, {"call.hangup", "by the operator", "operator", 0});
    });
  }
  return found;
}

std::vector<TrunkReport> Edge::trunks() {
  std::vector<call::TrunkSnapshot> registrations;
  pool_.runOn(0, [&registrations, worker = workers_.front().get()] { registrations = worker->trunks(); });
  return trunkReports(*config_, trunkPolicy(*config_, tables_), tables_.limits, registrations);
}

Status Edge::drainPeer(std::string_view peer) {
  if (config_->peer(peer) == nullptr)
    return Error{ErrorKind::misconfigured, "app.peer.unknown", "no [[peer]] has this name"};
  tables_.drained->drain(peer);
  log_.event(Severity::notice, "peer.drained", {{"peer", peer}});
  return success();
}

// One that is gone from the configuration can still be put back in order.
Status Edge::enablePeer(std::string_view peer) {
  if (config_->peer(peer) == nullptr && !tables_.drained->isDrained(peer))
    return Error{ErrorKind::misconfigured, "app.peer.unknown", "no [[peer]] has this name"};
  tables_.drained->enable(peer);
  log_.event(Severity::notice, "peer.enabled", {{"peer", peer}});
  return success();
}

Result<int> run(const RunCommand& command, const Clock& clock) {
  SP_ASSIGN(auto loaded, config::loadOrExplain(command.config));
  const auto config = std::make_shared<const config::Config>(std::move(loaded));
  (void)signal(SIGPIPE, SIG_IGN);  // a closed standard output is an error of write(), not our end
  SP_TRY(protectProcess());
  SP_ASSIGN(auto raised, raiseFilter(*config));  // before any thread, and while there is a capability to keep
  SP_TRY(dropPrivileges(config->edge.user));     // before any thread: capabilities are a thread's own

  SP_ASSIGN(auto main_loop, net::Loop::create(clock));
  Edge* edge = nullptr;
  SP_ASSIGN(auto signals, net::Signals::take(*main_loop, {SIGTERM, SIGINT, SIGHUP}, [&edge](int number) {
              if (edge == nullptr) return;
              if (number == SIGHUP) return edge->reload();
              edge->stop(describeSignal(number));
            }));
  SP_ASSIGN(auto log, telemetry::EventLog::open(logOptions(config->telemetry), clock));
  MediaFilter filter{config->firewall, std::move(raised), *log};
  SP_ASSIGN(auto store, store::SqliteCallStore::open({.file = config->telemetry.cdr}, clock, *log));
  net::WorkerPoolOptions pool_options;
  pool_options.workers = config->edge.workers;
  SP_ASSIGN(auto pool, net::WorkerPool::create(clock, pool_options));

  SP_ASSIGN(auto decoy_key, decoyKey(config->edge.state_dir));
  Edge serving{config, *main_loop, *log, *store, *pool, filter, clock, std::move(decoy_key)};
  SP_TRY(serving.start());
  edge = &serving;
  warnOfWeaknesses(*config, *log);
  log->event(Severity::notice, "edge.ready",
             {{"config", config->file.string()}, {"workers", pool->size()}, {"capabilities", heldCapabilities()}});
  notifyService("READY=1");
  main_loop->run();

  const auto report = serving.join();
  log->event(Severity::notice, "edge.stopped", {{"calls_left", report.left_behind}});
  return 0;
}

}  // namespace

int serve(const RunCommand& command) {
  const SystemClock clock;
  const auto status = run(command, clock);
  return status ? *status : explain(status.error());
}

}  // namespace sallyport::app
