// SPDX-License-Identifier: Apache-2.0
// The scrape. prometheus-cpp gives the data model and the text format; its counters (one lock-prefixed
// CAS on a double shared by all threads) are not used.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <sstream>

#include "telemetry/metrics.h"
#include "telemetry/metrics_layout.h"
#include "telemetry/text.h"

namespace sallyport::telemetry {
namespace {

using Layout = MetricsLayout;
using Labels = std::vector<prometheus::ClientMetric::Label>;
using prometheus::MetricType;

class Families {
 public:
  void begin(std::string_view name, std::string_view help, MetricType type) {
    auto& family = families_.emplace_back();
    family.name = "sallyport_" + std::string{name};
    family.help = help;
    family.type = type;
  }

  void value(double value, Labels labels = {}) {
    auto& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  std::string render() const {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

std::string text(std::string_view view) { return std::string{view}; }

// Visits the learned values, then "other".
template <typename Visit>
void forEachLabel(const LabelSet& labels, Visit visit) {
  const auto known = labels.size();
  for (std::size_t i = 0; i < known; ++i) visit(i, labels.at(i));
  visit(LabelSet::kOther, labels.at(LabelSet::kOther));
}

class Scrape {
 public:
  Scrape(const Layout& layout, std::function<std::uint64_t(std::size_t)> sum) : layout_(layout), sum_(std::move(sum)) {}

  void sip() {
    out_.begin("sip_requests_total", "SIP requests by method", MetricType::Counter);
    for (std::size_t d = 0; d < 2; ++d) {
      for (std::size_t m = 0; m < Layout::kMethods; ++m) {
        out_.value(count(Layout::kSipRequests + d * Layout::kMethods + m),
                   {{"direction", text(kDirectionLabels[d])}, {"method", text(kMethodLabels[m])}});
      }
    }
    out_.begin("sip_responses_total", "SIP responses by method and status class; only those that occurred",
               MetricType::Counter);
    for (std::size_t i = 0; i < 2 * Layout::kMethods * Layout::kStatuses; ++i) {
      const auto responses = count(Layout::kSipResponses + i);
      if (responses == 0) continue;
      out_.value(responses, {{"direction", text(kDirectionLabels[i / (Layout::kMethods * Layout::kStatuses)])},
                             {"method", text(kMethodLabels[i / Layout::kStatuses % Layout::kMethods])},
                             {"status", text(kStatusLabels[i % Layout::kStatuses])}});
    }
  }

  void calls() {
    single("calls_attempted_total", "Calls that were admitted", MetricType::Counter, Layout::kCallsAttempted);
    single("calls_answered_total", "Calls that were answered", MetricType::Counter, Layout::kCallsAnswered);
    out_.begin("calls_failed_total", "Calls that ended without an answer, by cause", MetricType::Counter);
    byLabel(layout_.call_causes, "cause", Layout::kCallsFailed);
    single("calls_active", "Calls that are up or being set up", MetricType::Gauge, Layout::kCallsActive);
  }

  void connections() {
    out_.begin("tls_handshakes_total", "TLS handshakes that named a peer", MetricType::Counter);
    for (std::size_t s = 0; s < 2; ++s) {
      out_.value(count(Layout::kHandshakes + s), {{"side", text(kSideLabels[s])}});
    }
    out_.begin("tls_handshakes_failed_total", "TLS handshakes that were refused or failed, by code",
               MetricType::Counter);
    for (std::size_t s = 0; s < 2; ++s) {
      forEachLabel(layout_.tls_failures, [&](std::size_t i, std::string_view code) {
        out_.value(count(Layout::kHandshakesFailed + s * LabelSet::kSlots + i),
                   {{"side", text(kSideLabels[s])}, {"code", text(code)}});
      });
    }
    single("connections_open", "SIP connections that are open", MetricType::Gauge, Layout::kConnections);
    single("websockets_open", "SIP connections that are WebSockets", MetricType::Gauge, Layout::kWebSockets);
    out_.begin("web_requests_refused_total", "HTTP requests and upgrades that were refused, by reason",
               MetricType::Counter);
    byLabel(layout_.web_refusals, "reason", Layout::kWebRefusals);
  }

  void guard() {
    out_.begin("guard_decisions_total", "Verdicts by rule; shadow: would have refused", MetricType::Counter);
    forEachLabel(layout_.guard_rules, [&](std::size_t i, std::string_view rule) {
      for (std::size_t a = 0; a < Layout::kActions; ++a) {
        out_.value(count(Layout::kGuard + i * Layout::kActions + a),
                   {{"rule", text(rule)}, {"action", text(kActionLabels[a])}});
      }
    });
  }

  void media() {
    const auto byDirection = [&](std::size_t slot) {
      for (std::size_t d = 0; d < 2; ++d) out_.value(count(slot + d), {{"direction", text(kDirectionLabels[d])}});
    };
    out_.begin("media_packets_total", "Authentic media packets", MetricType::Counter);
    byDirection(Layout::kMediaPackets);
    out_.begin("media_bytes_total", "Bytes of authentic media packets", MetricType::Counter);
    byDirection(Layout::kMediaBytes);
    out_.begin("media_dropped_packets_total", "Media packets dropped, by reason", MetricType::Counter);
    byLabel(layout_.media_drops, "reason", Layout::kMediaDrops);
    out_.begin("zrtp_refused_packets_total", "What the guard of ZRTP let not pass, by reason", MetricType::Counter);
    byLabel(layout_.zrtp_refusals, "reason", Layout::kZrtpRefusals);
    single("media_ports_open", "Media ports that are open", MetricType::Gauge, Layout::kMediaPorts);
  }

  Families& families() { return out_; }

 private:
  double count(std::size_t slot) const { return static_cast<double>(sum_(slot)); }

  void single(std::string_view name, std::string_view help, MetricType type, std::size_t slot) {
    out_.begin(name, help, type);
    out_.value(type == MetricType::Gauge ? static_cast<double>(static_cast<std::int64_t>(sum_(slot))) : count(slot));
  }

  void byLabel(const LabelSet& labels, const char* name, std::size_t slot) {
    forEachLabel(labels, [&](std::size_t i, std::string_view value) {
      out_.value(count(slot + i), {{name, text(value)}});
    });
  }

  const Layout& layout_;
  std::function<std::uint64_t(std::size_t)> sum_;
  Families out_;
};

}  // namespace

std::string Metrics::renderPrometheus(WallTime now) const {
  Scrape scrape{*layout_, [this](std::size_t slot) { return sum(slot); }};
  scrape.sip();
  scrape.calls();
  scrape.connections();
  scrape.guard();
  scrape.media();

  auto& families = scrape.families();
  const std::lock_guard lock{mutex_};
  if (!expiries_.empty()) {
    families.begin("certificate_expiry_seconds", "Seconds until a certificate expires; negative: it has",
                   MetricType::Gauge);
    for (const auto& expiry : expiries_) {
      const std::chrono::duration<double> left = expiry.not_after - now;
      families.value(left.count(), {{"certificate", validUtf8(expiry.name)}});
    }
  }
  for (const auto& probe : probes_) {
    const bool counts = probe.name.ends_with("_total");
    families.begin(probe.name, probe.help, counts ? MetricType::Counter : MetricType::Gauge);
    families.value(probe.read());
  }
  return families.render();
}

}  // namespace sallyport::telemetry
