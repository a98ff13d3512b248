// SPDX-License-Identifier: Apache-2.0
#include "call/number_plan.h"

#include <algorithm>

#include "call/number_countries.h"
#include "sip/char_class.h"

namespace sallyport::call {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr std::size_t kLongestE164 = 15;                // ITU-T E.164 6.1
constexpr std::size_t kShortestBehindCode = 4;          // digits after a country code that has no table
constexpr std::string_view kVisualSeparators = "-.()";  // RFC 3966 3
constexpr std::string_view kLocalNumber = "0123456789abcdefABCDEF*#-.()";
constexpr std::size_t kLongestDialled = 64;
constexpr std::size_t kShortestNumber = 7;  // digits from which something unknown may well be a number abroad

bool areDigits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), sip::isDigit); }

// Calls `use` with each word of a list until it says true.
template <typename Use>
bool anyOf(std::string_view list, Use use) {
  while (!list.empty()) {
    const auto end = std::min(list.find(' '), list.size());
    if (end > 0 && use(list.substr(0, end))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

std::string_view firstOf(std::string_view list) { return list.substr(0, list.find(' ')); }

bool fits(std::string_view pattern, std::string_view digits) {
  return pattern.size() == digits.size() &&
         std::equal(pattern.begin(), pattern.end(), digits.begin(), [](char p, char c) { return p == '?' || p == c; });
}

bool isListed(std::string_view patterns, std::string_view digits) {
  return anyOf(patterns, [&](std::string_view pattern) { return fits(pattern, digits); });
}

// The longest prefix of the list that `digits` begins with and behind which `accepts` what is left.
template <typename Accepts>
std::string_view prefixIn(std::string_view list, std::string_view digits, Accepts accepts) {
  std::string_view best;
  (void)anyOf(list, [&](std::string_view prefix) {
    if (prefix.size() > best.size() && digits.starts_with(prefix) && accepts(digits.substr(prefix.size())))
      best = prefix;
    return false;
  });
  return best;
}

// "+" and digits, visual separators removed; empty when it is no telephone number.
std::string plain(std::string_view text) {
  std::string out;
  if (text.size() > kLongestDialled) return out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (sip::isDigit(c) || (c == '+' && i == 0)) {
      out.push_back(c);
    } else if (kVisualSeparators.find(c) == kNpos) {
      return {};
    }
  }
  return areDigits(std::string_view{out}.substr(out.starts_with('+') ? 1 : 0)) ? out : std::string{};
}

bool isLengthOf(const CountryPlan& plan, std::string_view national) {
  return national.size() >= plan.shortest && national.size() <= plan.longest;
}

// No national number begins with the trunk prefix 0; Italy's does, since it has none.
bool beginsWithTrunk(const CountryPlan& plan, std::string_view national) {
  return firstOf(plan.trunk_prefix) == "0" && national.starts_with('0');
}

const CountryPlan* planOfCode(std::string_view code) {
  const auto plans = countryPlans();
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const auto& plan) { return plan.code == code; });
  return found == plans.end() ? nullptr : &*found;
}

// NPA-NXX-XXXX: neither begins with 0 or 1.
bool isNanp(std::string_view national) { return national.size() == 10 && national[0] >= '2' && national[3] >= '2'; }

bool isPlausible(std::string_view code, std::string_view national) {
  if (code.size() + national.size() > kLongestE164) return false;
  if (code == "1") return isNanp(national);
  const auto* plan = planOfCode(code);
  if (plan == nullptr) return national.size() >= kShortestBehindCode;
  return isLengthOf(*plan, national) && !beginsWithTrunk(*plan, national);
}

Number unknown(Number number, TollClass toll, std::string_view why) {
  number.kind = toll == TollClass::shortCode ? NumberKind::shortCode : NumberKind::local;
  number.toll = toll;
  number.why = why;
  return number;
}

}  // namespace

std::string_view toString(TollClass toll) {
  switch (toll) {
    case TollClass::national: return "national";
    case TollClass::international: return "international";
    case TollClass::premium: return "premium";
    case TollClass::satellite: return "satellite";
    case TollClass::shortCode: return "short";
  }
  return {};
}

std::string_view toString(NumberKind kind) {
  switch (kind) {
    case NumberKind::name: return "name";
    case NumberKind::e164: return "e164";
    case NumberKind::emergency: return "emergency";
    case NumberKind::shortCode: return "short";
    case NumberKind::local: return "local";
  }
  return {};
}

Result<NumberPlan> NumberPlan::make(const config::Numbers& rules) {
  NumberPlan out;
  out.rules_ = rules;
  if (rules.country.empty()) {
    if (!rules.area.empty()) return Error{ErrorKind::misconfigured, "call.numbers.area", "an area needs a country"};
    if (rules.outgoing == NumberForm::national)
      return Error{ErrorKind::misconfigured, "call.numbers.outgoing", "\"national\" needs a country"};
    return out;
  }
  out.plan_ = countryPlan(rules.country);
  if (out.plan_ == nullptr)
    return Error{ErrorKind::misconfigured, "call.numbers.country", rules.country + " is not among the tables"};
  const bool sane = rules.area.empty() || (areDigits(rules.area) && !beginsWithTrunk(*out.plan_, rules.area) &&
                                           rules.area.size() < out.plan_->longest && out.plan_->shortest_local > 0);
  if (!sane) return Error{ErrorKind::misconfigured, "call.numbers.area", rules.country + " has no area " + rules.area};
  return out;
}

Number NumberPlan::read(std::string_view user) const {
  Number number;
  number.dialled = plain(user);
  if (number.dialled.empty()) {
    number.dialled = user;
    number.why = "no telephone number";
    return number;
  }
  if (number.dialled.starts_with('+')) {
    const auto digits = number.dialled.substr(1);
    return readInternational(digits, std::move(number));
  }
  if (plan_ != nullptr) return readNational(std::move(number));
  const auto toll = number.dialled.size() < kShortestNumber ? TollClass::shortCode : TollClass::international;
  return unknown(std::move(number), toll, "no country is configured for this peer");
}

// Of an E.164 number, plausible or not.
Number NumberPlan::readInternational(std::string_view digits, Number number) const {
  const auto code = countryCodeOf(digits);
  if (code.empty()) return unknown(std::move(number), TollClass::international, "no such country code");
  std::string national{digits.substr(code.size())};
  std::string_view why = "international number";
  if (const auto* plan = planOfCode(code); plan != nullptr && beginsWithTrunk(*plan, national)) {
    national.erase(0, 1);
    why = "international number, its trunk prefix taken out";  // "+44 (0)20 ..."
  }
  if (!isPlausible(code, national))
    return unknown(std::move(number), TollClass::international, "no number of that country is like this");
  return known(std::string{code} + national, std::move(number), why);
}

// Digits as somebody in the plan's country dials them.
Number NumberPlan::readNational(Number number) const {
  const auto& plan = *plan_;
  const std::string digits = number.dialled;
  if (isListed(plan.emergency, digits)) {
    number = unknown(std::move(number), TollClass::shortCode, "emergency number");
    number.kind = NumberKind::emergency;
    return number;
  }
  if (isListed(plan.short_codes, digits)) return unknown(std::move(number), TollClass::shortCode, "short code");

  const auto abroad =
      prefixIn(plan.international_prefix, digits, [](std::string_view rest) { return !countryCodeOf(rest).empty(); });
  if (!abroad.empty()) return readInternational(std::string_view{digits}.substr(abroad.size()), std::move(number));

  const auto isNational = [&](std::string_view rest) { return isLengthOf(plan, rest) && isPlausible(plan.code, rest); };
  const auto national = [&](std::string_view rest) { return std::string{plan.code}.append(rest); };
  const auto trunk = prefixIn(plan.trunk_prefix, digits, isNational);
  if (!trunk.empty())
    return known(national(std::string_view{digits}.substr(trunk.size())), std::move(number), "trunk prefix dialled");
  const bool may_begin_with_0 = plan.code == "39";
  if (plan.trunk_prefix.empty() && isNational(digits) && (may_begin_with_0 || digits.front() != '0'))
    return known(national(digits), std::move(number), "national number");
  if (isListed(plan.complete, digits) && isNational(digits))
    return known(national(digits), std::move(number), "national number without trunk prefix");

  if (digits.size() < std::max<std::size_t>(plan.shortest_local, 4))
    return unknown(std::move(number), TollClass::shortCode, "too short for a subscriber's number");
  if (plan.shortest_local == 0 || digits.front() == '0')
    return unknown(std::move(number), TollClass::national, "no number that this country's plan knows");
  if (rules_.area.empty())
    return unknown(std::move(number), TollClass::national, "a local number, and no area is configured");
  if (!isNational(rules_.area + digits))
    return unknown(std::move(number), TollClass::national, "too long for a local number");
  return known(national(rules_.area + digits), std::move(number), "local number");
}

Number NumberPlan::known(std::string_view digits, Number number, std::string_view why) const {
  number.kind = NumberKind::e164;
  number.e164 = "+" + std::string{digits};
  number.why = why;
  if (const auto* dear = highToll(digits)) {
    number.toll = dear->toll;
    number.destination = dear->what;
  } else {
    const bool at_home = plan_ != nullptr && plan_->code == countryCodeOf(digits);
    number.toll = at_home ? TollClass::national : TollClass::international;
  }
  return number;
}

std::string NumberPlan::write(const Number& number) const {
  if (!number.isKnown() || rules_.outgoing == NumberForm::asIs) return number.dialled;
  if (rules_.outgoing == NumberForm::e164) return number.e164;
  const auto digits = std::string_view{number.e164}.substr(1);
  const auto from_abroad = std::string{firstOf(plan_->international_prefix)}.append(digits);
  if (countryCodeOf(digits) != plan_->code) return from_abroad;
  const auto national = std::string{firstOf(plan_->trunk_prefix)}.append(digits.substr(plan_->code.size()));
  // Where national numbers begin with 0 (Italy), one that begins with the international prefix would be another
  // country's.
  const auto back = read(national);
  return back.isKnown() && back.e164 != number.e164 ? from_abroad : national;
}

// --- URIs -------------------------------------------------------------------------------------------------------

// Whether a phone-context (RFC 3966 5.1.5) is where this plan dials: our country, or our area, or our domain.
bool NumberPlan::isHere(std::string_view context, std::string_view domain) const {
  if (!context.starts_with('+')) return sip::equalsIgnoringCase(context, domain);
  const auto digits = plain(context);
  if (plan_ == nullptr || digits.size() <= plan_->code.size()) return false;
  return (std::string{plan_->code} + rules_.area).starts_with(std::string_view{digits}.substr(1));
}

Result<Number> NumberPlan::read(const sip::Uri& uri, std::string_view domain) const {
  const bool is_tel = sip::equalsIgnoringCase(uri.scheme, "tel");
  const auto text = sip::unescaped(is_tel ? uri.opaque : uri.user);
  if (!text || text->empty()) return Error{ErrorKind::peerMisbehaved, "call.number.user", std::string{uri.opaque}};
  const bool is_phone = is_tel || sip::equalsIgnoringCase(uri.params.find("user").value_or(""), "phone");
  const auto end = is_phone ? text->find(';') : kNpos;
  const auto subscriber = std::string_view{*text}.substr(0, end);
  const auto context =
      end == kNpos ? std::nullopt : sip::Params{std::string_view{*text}.substr(end + 1)}.find("phone-context");
  const bool is_global = subscriber.starts_with('+');

  auto number = read(subscriber);
  if (is_tel) {
    const bool is_local = !subscriber.empty() && subscriber.find_first_not_of(kLocalNumber) == kNpos;
    if (is_global ? number.kind == NumberKind::name : !is_local)
      return Error{ErrorKind::peerMisbehaved, "call.number.tel", *text};
    if (!is_global && !context)
      return Error{ErrorKind::peerMisbehaved, "call.number.context", "a local number without phone-context"};
  }
  if (!context || is_global || number.kind == NumberKind::name || isHere(*context, domain)) return number;
  number = NumberPlan{}.read(subscriber);
  number.why = "its phone-context is elsewhere";
  return number;
}

}  // namespace sallyport::call
