// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which counter lives in which slot of a worker's block, and the label values behind it. Shared by all
// workers; reading is lock-free, learning a new code takes a lock once per code. Internal to telemetry.

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/metrics.h"

namespace sallyport::telemetry {

// Up to kMost values and "other"; an index, once given, never changes.
class LabelSet {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kOther = kMost;
  static constexpr std::size_t kSlots = kMost + 1;

  explicit LabelSet(const std::vector<std::string>& known);

  std::size_t indexOf(std::string_view value);  // learns a well-formed value while there is room
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::string_view at(std::size_t index) const { return index == kOther ? std::string_view{"other"} : values_[index]; }

 private:
  static bool isWellFormed(std::string_view value);
  std::size_t find(std::string_view value, std::size_t among) const;

  std::array<std::string, kMost> values_;
  std::atomic<std::size_t> size_{0};
  std::mutex learning_;
};

inline constexpr std::array<std::string_view, 15> kMethodLabels{"INVITE", "ACK",       "BYE",      "CANCEL",  "OPTIONS",
                                                                "UPDATE", "PRACK",     "REGISTER", "INFO",    "MESSAGE",
                                                                "REFER",  "SUBSCRIBE", "NOTIFY",   "PUBLISH", "other"};
inline constexpr std::array<std::string_view, 7> kStatusLabels{"1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "other"};
inline constexpr std::array<std::string_view, 6> kActionLabels{"admit", "challenge", "refuse",
                                                               "drop",  "shadow",    "other"};
inline constexpr std::array<std::string_view, 2> kDirectionLabels{"received", "sent"};
inline constexpr std::array<std::string_view, 2> kSideLabels{"accepted", "connected"};

class MetricsLayout {
 public:
  explicit MetricsLayout(const MetricLabels& labels)
      : tls_failures(labels.tls_failures),
        call_causes(labels.call_causes),
        guard_rules(labels.guard_rules),
        media_drops(labels.media_drops),
        web_refusals(labels.web_refusals),
        zrtp_refusals(labels.zrtp_refusals) {}

  LabelSet tls_failures, call_causes, guard_rules, media_drops, web_refusals, zrtp_refusals;

  static constexpr std::size_t kMethods = kMethodLabels.size();
  static constexpr std::size_t kStatuses = kStatusLabels.size();
  static constexpr std::size_t kActions = kActionLabels.size();

  static constexpr std::size_t kSipRequests = 0;                             // [direction][method]
  static constexpr std::size_t kSipResponses = kSipRequests + 2 * kMethods;  // [direction][method][status]
  static constexpr std::size_t kCallsAttempted = kSipResponses + 2 * kMethods * kStatuses;
  static constexpr std::size_t kCallsAnswered = kCallsAttempted + 1;
  static constexpr std::size_t kCallsActive = kCallsAnswered + 1;
  static constexpr std::size_t kCallsFailed = kCallsActive + 1;                // [cause]
  static constexpr std::size_t kHandshakes = kCallsFailed + LabelSet::kSlots;  // [side]
  static constexpr std::size_t kHandshakesFailed = kHandshakes + 2;            // [side][code]
  static constexpr std::size_t kConnections = kHandshakesFailed + 2 * LabelSet::kSlots;
  static constexpr std::size_t kGuard = kConnections + 1;                             // [rule][action]
  static constexpr std::size_t kMediaPackets = kGuard + LabelSet::kSlots * kActions;  // [direction]
  static constexpr std::size_t kMediaBytes = kMediaPackets + 2;                       // [direction]
  static constexpr std::size_t kMediaDrops = kMediaBytes + 2;                         // [reason]
  static constexpr std::size_t kMediaPorts = kMediaDrops + LabelSet::kSlots;
  static constexpr std::size_t kWebSockets = kMediaPorts + 1;
  static constexpr std::size_t kWebRefusals = kWebSockets + 1;                   // [reason]
  static constexpr std::size_t kZrtpRefusals = kWebRefusals + LabelSet::kSlots;  // [reason]
  static constexpr std::size_t kSlots = kZrtpRefusals + LabelSet::kSlots;
};

}  // namespace sallyport::telemetry
