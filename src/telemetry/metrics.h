// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counters without locks: every worker writes its own cache lines, a scrape adds them up. Label values
// are bounded: SIP methods are a fixed list; a family of codes begins with the list given at start and
// learns further well-formed codes ([a-z0-9_.], at most 48 bytes) up to 64 values. Anything else counts
// under "other", so that no stranger can grow the metrics. Metrics is owned by app; a WorkerMetrics has
// exactly one writing thread, and may outlive nothing of Metrics.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace sallyport::telemetry {

enum class Direction : std::uint8_t { received, sent };
enum class Side : std::uint8_t { accepted, connected };  // who opened the connection: they, we

// The values each family of codes shows from the first scrape on, with zero. Rooms own their codes; app
// may add to the standard lists.
struct MetricLabels {
  std::vector<std::string> tls_failures;
  std::vector<std::string> call_causes;
  std::vector<std::string> guard_rules;
  std::vector<std::string> media_drops;
  std::vector<std::string> web_refusals;
  std::vector<std::string> zrtp_refusals;
  static MetricLabels standard();
};

// An index into one family's label list, resolved once so that the packet path compares no strings.
struct MediaDropLabel {
  std::uint16_t index = 0;
};

class MetricsLayout;

class WorkerMetrics {
 public:
  explicit WorkerMetrics(MetricsLayout& layout);
  ~WorkerMetrics();
  WorkerMetrics(const WorkerMetrics&) = delete;
  WorkerMetrics& operator=(const WorkerMetrics&) = delete;

  void sipRequest(Direction direction, std::string_view method);
  void sipResponse(Direction direction, std::string_view method, unsigned status);

  void callAttempted();
  void callAnswered();
  void callFailed(std::string_view cause);
  void callsActive(std::int64_t change);

  void tlsHandshakeSucceeded(Side side);
  void tlsHandshakeFailed(Side side, std::string_view code);
  void connectionsOpen(std::int64_t change);
  void webSocketsOpen(std::int64_t change);  // of the connections
  void webRequestRefused(std::string_view reason);

  void guardDecision(std::string_view rule, std::string_view action);  // admit challenge refuse drop shadow

  MediaDropLabel mediaDropLabel(std::string_view reason);
  void mediaPackets(Direction direction, std::uint64_t packets, std::uint64_t bytes);
  void mediaDropped(MediaDropLabel reason, std::uint64_t packets);
  void mediaPortsOpen(std::int64_t change);
  void zrtpRefused(std::string_view reason, std::uint64_t packets);

  std::uint64_t read(std::size_t slot) const;  // for the scrape

 private:
  void add(std::size_t slot, std::uint64_t amount);

  MetricsLayout& layout_;
  std::atomic<std::uint64_t>* slots_;  // cache-line aligned, one writer
};

class Metrics {
 public:
  explicit Metrics(unsigned workers, const MetricLabels& labels = MetricLabels::standard());
  ~Metrics();

  WorkerMetrics& worker(unsigned index);
  WorkerMetrics& control();  // for the main thread

  // Values that somebody else keeps (log lines dropped, records waiting); read at each scrape on the
  // scraping thread. `name` without prefix, e.g. "log_lines_dropped_total"; *_total becomes a counter.
  void addProbe(std::string name, std::string help, std::function<double()> probe);

  // `name` is the operator's word for the certificate: "listener:public", "peer:core". At most 1,000.
  void certificateExpires(std::string name, WallTime not_after);

  // Sums for `status --json`.
  struct Totals {
    std::uint64_t calls_attempted = 0, calls_answered = 0, calls_failed = 0;
    std::int64_t calls_active = 0, connections_open = 0, websockets_open = 0, media_ports_open = 0;
    std::uint64_t handshakes_ok = 0, handshakes_failed = 0;
    std::uint64_t media_packets_received = 0, media_packets_sent = 0, media_packets_dropped = 0;
  };
  Totals totals() const;

  // Prometheus text exposition format 0.0.4.
  std::string renderPrometheus(WallTime now) const;

 private:
  struct Probe {
    std::string name, help;
    std::function<double()> read;
  };
  struct Expiry {
    std::string name;
    WallTime not_after;
  };

  std::uint64_t sum(std::size_t slot) const;

  std::unique_ptr<MetricsLayout> layout_;
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;  // the last one is control()
  mutable std::mutex mutex_;                             // probes_ and expiries_ only
  std::vector<Probe> probes_;
  std::vector<Expiry> expiries_;
};

}  // namespace sallyport::telemetry
