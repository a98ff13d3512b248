// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables that numbers are read by; data alone. Internal to the number plan.

#include <span>

#include "call/number_plan.h"

namespace sallyport::call {

std::span<const CountryPlan> countryPlans();
std::span<const std::string_view> countryCodes();  // every assigned E.164 country code, sorted
std::span<const TollPrefix> tollPrefixes();        // sorted by prefix

}  // namespace sallyport::call
