// SPDX-License-Identifier: Apache-2.0
#pragma once
// Legs that have been ended and only say goodbye: a CANCEL that waits for a provisional, a 2xx that crosses it, a
// BYE without its answer. Nothing they hear matters to their call any more. Owned by a Bridge.

#include <memory>
#include <optional>
#include <vector>

#include "call/leg.h"
#include "call/surrender.h"

namespace sallyport::call {

class LeavingLegs final : private LegEvents {
 public:
  // The leg has been told to end, and counts at its peer no more. It is kept until it has nothing more to say.
  void add(std::unique_ptr<Leg> leg);

  std::optional<TimePoint> deadline() const;
  void advance();
  // Lets go of those that are done; not from within an event of a leg.
  void tidy();
  bool empty() const { return legs_.empty(); }

 private:
  static Error refusal() { return {ErrorKind::unavailable, "call.over", ""}; }

  void onProgress(Leg&, int, std::string_view) override {}
  void onAnswer(Leg&, std::string_view) override {}
  void onRejected(Leg&, const Rejection&) override {}
  void onOffer(Leg& leg, std::string_view) override { leg.reject(481); }
  void onOfferWanted(Leg& leg) override { leg.reject(481); }
  void onRefreshDue(Leg&) override {}
  void onLocalAnswer(Leg&, std::string_view) override {}
  void onAcknowledged(Leg&) override {}
  void onCancel(Leg& leg) override { leg.reject(487); }
  void onRefer(Leg& leg, const Refer&) override { leg.rejectRefer(refusal()); }
  std::optional<Surrendered> onSurrender(Leg&) override { return std::nullopt; }
  Status onInfo(Leg&, std::string_view, std::string_view) override { return refusal(); }
  void onBye(Leg&, std::string_view) override {}
  void onLost(Leg&, const Error&) override {}

  std::vector<std::unique_ptr<Leg>> legs_;
};

}  // namespace sallyport::call
