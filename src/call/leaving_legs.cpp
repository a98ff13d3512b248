// SPDX-License-Identifier: Apache-2.0
#include "call/leaving_legs.h"

#include <utility>

#include "call/earliest.h"

namespace sallyport::call {

void LeavingLegs::add(std::unique_ptr<Leg> leg) {
  leg->tell(*this);
  leg->giveBack();
  legs_.push_back(std::move(leg));
}

std::optional<TimePoint> LeavingLegs::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& leg : legs_) first = earliest(first, leg->deadline());
  return first;
}

void LeavingLegs::advance() {
  for (const auto& leg : legs_) leg->advance();
}

void LeavingLegs::tidy() {
  std::erase_if(legs_, [](const auto& leg) { return leg->isFinished(); });
}

}  // namespace sallyport::call
