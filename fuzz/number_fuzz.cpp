// SPDX-License-Identifier: Apache-2.0
// What somebody dials, in every country there is a plan of: what is known is E.164, is read as itself, and is written
// so that the same country reads it back.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "call/number_countries.h"

namespace {

using namespace sallyport;
using namespace sallyport::call;

void require(bool held) {
  if (!held) std::abort();
}

const std::vector<NumberPlan>& plans() {
  static const auto all = [] {
    std::vector<NumberPlan> out{NumberPlan{}};
    for (const auto& country : countryPlans()) {
      const std::string area = country.shortest_local > 0 ? "30" : "";
      auto plan = NumberPlan::make({std::string{country.country}, area, config::NumberForm::national});
      require(plan.ok());
      out.push_back(*std::move(plan));
    }
    return out;
  }();
  return all;
}

void check(const NumberPlan& plan, const Number& number) {
  require(number.toll.has_value() || number.kind == NumberKind::name);
  require(number.isKnown() == !number.e164.empty());
  if (!number.isKnown()) return;
  require(number.e164.size() >= 5 && number.e164.size() <= 16 && number.e164.front() == '+');
  require(number.e164.find_first_not_of("0123456789", 1) == std::string::npos);
  require(plan.read(number.e164).e164 == number.e164);
  const auto back = plan.read(plan.write(number));
  require(!back.isKnown() || back.e164 == number.e164);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto uri = sip::Uri::parse(text);
  for (const auto& plan : plans()) {
    check(plan, plan.read(text));
    if (!uri) continue;
    if (const auto number = plan.read(*uri, "sallyport.test")) check(plan, *number);
  }
  return 0;
}
