// SPDX-License-Identifier: Apache-2.0
#pragma once
// Dialled numbers to E.164 and back, by tables of the ITU's country codes and of national dialling plans
// (number_countries.cpp), and what class of charge a number belongs to (number_tolls.cpp). Emergency numbers,
// short codes and whatever is no number at all are left alone, since a wrong guess calls somebody else.
//
// A plan is made at load per peer, immutable, shared by every worker.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/result.h"
#include "sip/header_values.h"

namespace sallyport::call {

// What a call to a number costs whoever pays: for rules on redirection, transfer and budgets.
enum class TollClass : std::uint8_t { national, international, premium, satellite, shortCode };
std::string_view toString(TollClass toll);  // "short" for shortCode

using config::NumberForm;

// One country's way of dialling. Lists stand with spaces between, the usual one first; in patterns '?' is a digit.
struct CountryPlan {
  std::string_view country;               // ISO 3166-1 alpha-2
  std::string_view code;                  // E.164 country code: "49"
  std::string_view international_prefix;  // "00"
  std::string_view trunk_prefix;          // "0"; empty: none
  std::uint8_t shortest = 0;              // digits of a national (significant) number
  std::uint8_t longest = 0;
  std::uint8_t shortest_local = 0;    // digits of a number dialled without area; 0: the area is always dialled
  std::string_view emergency = {};    // "110 112"
  std::string_view short_codes = {};  // patterns: "115 116??? 118??"
  std::string_view complete = {};     // patterns of what is a national number though no trunk prefix is dialled
};
const CountryPlan* countryPlan(std::string_view country);  // null when there is no table of it

enum class NumberKind : std::uint8_t {
  name,       // no number: "alice", "*21#"
  e164,       // known world-wide
  emergency,  // left as it is
  shortCode,  // left as it is
  local,      // a number whose area or country is not known: left as it is
};
std::string_view toString(NumberKind kind);

struct Number {
  NumberKind kind = NumberKind::name;
  std::string dialled;              // without visual separators; a name as it was
  std::string e164 = {};            // "+4930123456" when kind is e164
  std::optional<TollClass> toll{};  // nothing for a name
  std::string_view why{};           // how it was read, in words
  std::string_view destination{};   // of a premium or satellite number: which ("Iridium"), for the record

  bool isKnown() const { return kind == NumberKind::e164; }
  const std::string& best() const { return isKnown() ? e164 : dialled; }
};

class NumberPlan {
 public:
  NumberPlan() = default;  // without a country: only numbers with + are known
  // Errors, kind misconfigured: "call.numbers.country" (no table of it), "call.numbers.area" (no digits, with
  // the trunk prefix, or too long), "call.numbers.outgoing" ("national" without a country).
  static Result<NumberPlan> make(const config::Numbers& rules);

  // A user part (already unescaped) or a telephone number, with or without visual separators.
  Number read(std::string_view user) const;
  // The telephone number of a tel: URI (RFC 3966), or of a sip: URI's user part, parameters included. A local
  // number counts as dialled here when its phone-context is our country or area, or `domain`; else it stays local.
  // Errors, kind peerMisbehaved: "call.number.tel" (grammar), "call.number.context" (a local tel: without one),
  // "call.number.user" (a sip: URI with no user part, or a broken escape).
  Result<Number> read(const sip::Uri& uri, std::string_view domain) const;
  // How the peer of this plan wants it written; what is not known world-wide goes as dialled.
  std::string write(const Number& number) const;

  const config::Numbers& rules() const { return rules_; }

 private:
  Number readInternational(std::string_view digits, Number number) const;
  Number readNational(Number number) const;
  Number known(std::string_view digits, Number number, std::string_view why) const;
  bool isHere(std::string_view context, std::string_view domain) const;

  config::Numbers rules_;
  const CountryPlan* plan_ = nullptr;
};

// The country code an international number (digits without +) begins with; empty when none is assigned.
std::string_view countryCodeOf(std::string_view digits);

// Premium and satellite prefixes as they stood when the table was written (kTollTableDate); nothing for the rest.
struct TollPrefix {
  std::string_view prefix;  // international, without +
  TollClass toll;
  std::string_view what;
};
inline constexpr std::string_view kTollTableDate = "2026-11";
const TollPrefix* highToll(std::string_view digits);

}  // namespace sallyport::call
