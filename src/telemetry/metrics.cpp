// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <algorithm>
#include <new>

#include "core/check.h"
#include "telemetry/metrics_layout.h"

namespace sallyport::telemetry {
namespace {

using Layout = MetricsLayout;

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kSlotsPerLine = kCacheLine / sizeof(std::atomic<std::uint64_t>);
constexpr std::size_t kPaddedSlots = (Layout::kSlots + kSlotsPerLine - 1) / kSlotsPerLine * kSlotsPerLine;
constexpr std::size_t kMostExpiries = 1'000;

std::size_t at(Direction direction) { return static_cast<std::size_t>(direction); }
std::size_t at(Side side) { return static_cast<std::size_t>(side); }

// The last label of a fixed list is "other".
template <std::size_t N>
std::size_t indexIn(const std::array<std::string_view, N>& labels, std::string_view value) {
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end() - 1, value) - labels.begin());
}

std::size_t statusIndex(unsigned status) { return status >= 100 && status < 700 ? status / 100 - 1 : 6; }

}  // namespace

MetricLabels MetricLabels::standard() {
  return {
      .tls_failures = {"tls.certificate.missing", "tls.certificate.untrusted", "tls.certificate.expired",
                       "tls.certificate.not_yet_valid", "tls.certificate.revoked", "tls.peer.unknown",
                       "tls.handshake.timeout"},
      .call_causes = {"process.crashed", "media.timeout"},
      .guard_rules = {"peer_known", "method", "domain", "source_call_rate", "identity_call_rate", "source_concurrency",
                      "identity_concurrency", "peer_concurrency"},
      .media_drops = {"unknown_source", "auth_failed", "replayed"},
      .web_refusals = {"net.websocket.origin", "net.websocket.subprotocol", "net.http.not_found", "net.http.slow"},
      .zrtp_refusals = {"media.zrtp.before_agreement", "media.zrtp.hello_hash", "media.zrtp.not_srtp"},
  };
}

LabelSet::LabelSet(const std::vector<std::string>& known) {
  for (const auto& value : known) indexOf(value);
}

bool LabelSet::isWellFormed(std::string_view value) {
  return !value.empty() && value.size() <= 48 && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

std::size_t LabelSet::find(std::string_view value, std::size_t among) const {
  return static_cast<std::size_t>(
      std::find(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(among), value) - values_.begin());
}

std::size_t LabelSet::indexOf(std::string_view value) {
  const auto known = size();
  if (const auto found = find(value, known); found < known) return found;
  if (!isWellFormed(value)) return kOther;
  const std::lock_guard lock{learning_};
  const auto now_known = size_.load(std::memory_order_relaxed);
  if (const auto found = find(value, now_known); found < now_known) return found;
  if (now_known == kMost) return kOther;
  values_[now_known] = value;
  size_.store(now_known + 1, std::memory_order_release);
  return now_known;
}

WorkerMetrics::WorkerMetrics(MetricsLayout& layout)
    : layout_(layout), slots_(new (std::align_val_t{kCacheLine}) std::atomic<std::uint64_t>[kPaddedSlots] {}) {}

WorkerMetrics::~WorkerMetrics() { ::operator delete[](slots_, std::align_val_t{kCacheLine}); }

// One writer: a load and a store, no locked instruction.
void WorkerMetrics::add(std::size_t slot, std::uint64_t amount) {
  auto& counter = slots_[slot];
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

std::uint64_t WorkerMetrics::read(std::size_t slot) const { return slots_[slot].load(std::memory_order_relaxed); }

void WorkerMetrics::sipRequest(Direction direction, std::string_view method) {
  add(Layout::kSipRequests + at(direction) * Layout::kMethods + indexIn(kMethodLabels, method), 1);
}

void WorkerMetrics::sipResponse(Direction direction, std::string_view method, unsigned status) {
  const auto row = at(direction) * Layout::kMethods + indexIn(kMethodLabels, method);
  add(Layout::kSipResponses + row * Layout::kStatuses + statusIndex(status), 1);
}

void WorkerMetrics::callAttempted() { add(Layout::kCallsAttempted, 1); }
void WorkerMetrics::callAnswered() { add(Layout::kCallsAnswered, 1); }
void WorkerMetrics::callFailed(std::string_view cause) {
  add(Layout::kCallsFailed + layout_.call_causes.indexOf(cause), 1);
}

// Gauges wrap in two's complement per worker and come out right in the sum.
void WorkerMetrics::callsActive(std::int64_t change) { add(Layout::kCallsActive, static_cast<std::uint64_t>(change)); }
void WorkerMetrics::connectionsOpen(std::int64_t change) {
  add(Layout::kConnections, static_cast<std::uint64_t>(change));
}
void WorkerMetrics::mediaPortsOpen(std::int64_t change) {
  add(Layout::kMediaPorts, static_cast<std::uint64_t>(change));
}

void WorkerMetrics::zrtpRefused(std::string_view reason, std::uint64_t packets) {
  add(Layout::kZrtpRefusals + layout_.zrtp_refusals.indexOf(reason), packets);
}

void WorkerMetrics::webSocketsOpen(std::int64_t change) {
  add(Layout::kWebSockets, static_cast<std::uint64_t>(change));
}
void WorkerMetrics::webRequestRefused(std::string_view reason) {
  add(Layout::kWebRefusals + layout_.web_refusals.indexOf(reason), 1);
}

void WorkerMetrics::tlsHandshakeSucceeded(Side side) { add(Layout::kHandshakes + at(side), 1); }
void WorkerMetrics::tlsHandshakeFailed(Side side, std::string_view code) {
  add(Layout::kHandshakesFailed + at(side) * LabelSet::kSlots + layout_.tls_failures.indexOf(code), 1);
}

void WorkerMetrics::guardDecision(std::string_view rule, std::string_view action) {
  add(Layout::kGuard + layout_.guard_rules.indexOf(rule) * Layout::kActions + indexIn(kActionLabels, action), 1);
}

MediaDropLabel WorkerMetrics::mediaDropLabel(std::string_view reason) {
  return {static_cast<std::uint16_t>(layout_.media_drops.indexOf(reason))};
}

void WorkerMetrics::mediaPackets(Direction direction, std::uint64_t packets, std::uint64_t bytes) {
  add(Layout::kMediaPackets + at(direction), packets);
  add(Layout::kMediaBytes + at(direction), bytes);
}

void WorkerMetrics::mediaDropped(MediaDropLabel reason, std::uint64_t packets) {
  add(Layout::kMediaDrops + std::min<std::size_t>(reason.index, LabelSet::kOther), packets);
}

Metrics::Metrics(unsigned workers, const MetricLabels& labels) : layout_(std::make_unique<MetricsLayout>(labels)) {
  for (unsigned i = 0; i <= workers; ++i) workers_.push_back(std::make_unique<WorkerMetrics>(*layout_));
}

Metrics::~Metrics() = default;

WorkerMetrics& Metrics::worker(unsigned index) {
  SP_CHECK(index + 1 < workers_.size());
  return *workers_[index];
}

WorkerMetrics& Metrics::control() { return *workers_.back(); }

void Metrics::addProbe(std::string name, std::string help, std::function<double()> probe) {
  const std::lock_guard lock{mutex_};
  probes_.push_back({std::move(name), std::move(help), std::move(probe)});
}

void Metrics::certificateExpires(std::string name, WallTime not_after) {
  const std::lock_guard lock{mutex_};
  const auto found =
      std::find_if(expiries_.begin(), expiries_.end(), [&](const Expiry& each) { return each.name == name; });
  if (found != expiries_.end()) {
    found->not_after = not_after;
  } else if (expiries_.size() < kMostExpiries) {
    expiries_.push_back({std::move(name), not_after});
  }
}

std::uint64_t Metrics::sum(std::size_t slot) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += worker->read(slot);
  return total;
}

Metrics::Totals Metrics::totals() const {
  const auto sumOf = [&](std::size_t first, std::size_t count) {
    std::uint64_t total = 0;
    for (std::size_t slot = first; slot < first + count; ++slot) total += sum(slot);
    return total;
  };
  Totals totals;
  totals.calls_attempted = sum(Layout::kCallsAttempted);
  totals.calls_answered = sum(Layout::kCallsAnswered);
  totals.calls_failed = sumOf(Layout::kCallsFailed, LabelSet::kSlots);
  totals.calls_active = static_cast<std::int64_t>(sum(Layout::kCallsActive));
  totals.connections_open = static_cast<std::int64_t>(sum(Layout::kConnections));
  totals.websockets_open = static_cast<std::int64_t>(sum(Layout::kWebSockets));
  totals.media_ports_open = static_cast<std::int64_t>(sum(Layout::kMediaPorts));
  totals.handshakes_ok = sumOf(Layout::kHandshakes, 2);
  totals.handshakes_failed = sumOf(Layout::kHandshakesFailed, 2 * LabelSet::kSlots);
  totals.media_packets_received = sum(Layout::kMediaPackets + at(Direction::received));
  totals.media_packets_sent = sum(Layout::kMediaPackets + at(Direction::sent));
  totals.media_packets_dropped = sumOf(Layout::kMediaDrops, LabelSet::kSlots);
  return totals;
}

}  // namespace sallyport::telemetry
