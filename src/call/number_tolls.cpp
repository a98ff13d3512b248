// SPDX-License-Identifier: Apache-2.0
// What is dear wherever one calls from, as of kTollTableDate. Sources: ITU-T E.164 assigned codes (global services,
// GMSS +881 and networks +882/+883 with their assigned identification codes; Inmarsat +870); the premium ranges of the
// national numbering plans (E.129 communications, each regulator's published plan), held against libphonenumber
// 9.0.43 for every country of countryPlans(): what that one calls premium and this one does not are the Austrian
// 86/89, French 81/82/83/88 and New Zealand 011/050 service ranges, which ordinary firms answer on; for destinations
// that revenue share fraud favours, the lists that the CFCA fraud loss surveys and the GSMA's FF.21 guidance repeat:
// the smallest plans with the highest settlement rates, and the NANP's members beyond the US and Canada, which a
// caller takes for domestic ones. A table is not a judgement of a place: it marks what should not be reached by a
// redirection unasked.
#include <algorithm>

#include "call/number_countries.h"

namespace sallyport::call {
namespace {

using enum TollClass;

constexpr TollPrefix kTolls[] = {
    {"1242", premium, "Bahamas"},
    {"1246", premium, "Barbados"},
    {"1264", premium, "Anguilla"},
    {"1268", premium, "Antigua and Barbuda"},
    {"1284", premium, "British Virgin Islands"},
    {"1345", premium, "Cayman Islands"},
    {"1441", premium, "Bermuda"},
    {"1473", premium, "Grenada"},
    {"1649", premium, "Turks and Caicos Islands"},
    {"1658", premium, "Jamaica"},
    {"1664", premium, "Montserrat"},
    {"1721", premium, "Sint Maarten"},
    {"1758", premium, "Saint Lucia"},
    {"1767", premium, "Dominica"},
    {"1784", premium, "Saint Vincent and the Grenadines"},
    {"1809", premium, "Dominican Republic"},
    {"1829", premium, "Dominican Republic"},
    {"1849", premium, "Dominican Republic"},
    {"1868", premium, "Trinidad and Tobago"},
    {"1869", premium, "Saint Kitts and Nevis"},
    {"1876", premium, "Jamaica"},
    {"1900", premium, "NANP premium rate"},
    {"239", premium, "Sao Tome and Principe"},
    {"240", premium, "Equatorial Guinea"},
    {"246", premium, "Diego Garcia"},
    {"247", premium, "Ascension"},
    {"252", premium, "Somalia"},
    {"27862", premium, "South Africa premium rate"},
    {"27863", premium, "South Africa premium rate"},
    {"27864", premium, "South Africa premium rate"},
    {"27865", premium, "South Africa premium rate"},
    {"27866", premium, "South Africa premium rate"},
    {"27867", premium, "South Africa premium rate"},
    {"27868", premium, "South Africa premium rate"},
    {"27869", premium, "South Africa premium rate"},
    {"2790", premium, "South Africa premium rate"},
    {"2791", premium, "South Africa premium rate"},
    {"2792", premium, "South Africa premium rate"},
    {"290", premium, "Saint Helena"},
    {"30901", premium, "Greece premium rate"},
    {"30909", premium, "Greece premium rate"},
    {"31900", premium, "Netherlands premium rate"},
    {"31906", premium, "Netherlands premium rate"},
    {"31909", premium, "Netherlands premium rate"},
    {"3270", premium, "Belgium service numbers"},
    {"3290", premium, "Belgium premium rate"},
    {"3389", premium, "France premium rate"},
    {"34803", premium, "Spain premium rate"},
    {"34806", premium, "Spain premium rate"},
    {"34807", premium, "Spain premium rate"},
    {"34905", premium, "Spain mass calling"},
    {"351601", premium, "Portugal premium rate"},
    {"351607", premium, "Portugal premium rate"},
    {"351608", premium, "Portugal premium rate"},
    {"351646", premium, "Portugal premium rate"},
    {"351648", premium, "Portugal premium rate"},
    {"351760", premium, "Portugal premium rate"},
    {"351761", premium, "Portugal premium rate"},
    {"351762", premium, "Portugal premium rate"},
    {"35290", premium, "Luxembourg premium rate"},
    {"35315", premium, "Ireland premium rate"},
    {"35490", premium, "Iceland premium rate"},
    {"35650", premium, "Malta premium rate"},
    {"35651", premium, "Malta premium rate"},
    {"35652", premium, "Malta premium rate"},
    {"35790", premium, "Cyprus premium rate"},
    {"358600", premium, "Finland premium rate"},
    {"358700", premium, "Finland premium rate"},
    {"35990", premium, "Bulgaria premium rate"},
    {"3690", premium, "Hungary premium rate"},
    {"3691", premium, "Hungary premium rate"},
    {"37090", premium, "Lithuania premium rate"},
    {"37091", premium, "Lithuania premium rate"},
    {"37190", premium, "Latvia premium rate"},
    {"37240", premium, "Estonia premium rate"},
    {"372900", premium, "Estonia premium rate"},
    {"380900", premium, "Ukraine premium rate"},
    {"38560", premium, "Croatia premium rate"},
    {"38561", premium, "Croatia premium rate"},
    {"38564", premium, "Croatia premium rate"},
    {"38565", premium, "Croatia premium rate"},
    {"38569", premium, "Croatia premium rate"},
    {"38689", premium, "Slovenia premium rate"},
    {"38690", premium, "Slovenia premium rate"},
    {"390878", premium, "Italy premium rate"},
    {"39144", premium, "Italy premium rate"},
    {"39163", premium, "Italy premium rate"},
    {"39164", premium, "Italy premium rate"},
    {"39166", premium, "Italy premium rate"},
    {"39892", premium, "Italy premium rate"},
    {"39893", premium, "Italy premium rate"},
    {"39894", premium, "Italy premium rate"},
    {"39895", premium, "Italy premium rate"},
    {"39899", premium, "Italy premium rate"},
    {"40900", premium, "Romania premium rate"},
    {"40901", premium, "Romania premium rate"},
    {"40903", premium, "Romania premium rate"},
    {"40906", premium, "Romania premium rate"},
    {"41900", premium, "Switzerland premium rate"},
    {"41901", premium, "Switzerland premium rate"},
    {"41906", premium, "Switzerland premium rate"},
    {"420900", premium, "Czechia premium rate"},
    {"420905", premium, "Czechia premium rate"},
    {"420906", premium, "Czechia premium rate"},
    {"420908", premium, "Czechia premium rate"},
    {"420909", premium, "Czechia premium rate"},
    {"420976", premium, "Czechia premium rate"},
    {"421900", premium, "Slovakia premium rate"},
    {"42197", premium, "Slovakia premium rate"},
    {"42198", premium, "Slovakia premium rate"},
    {"42390", premium, "Liechtenstein premium rate"},
    {"43900", premium, "Austria premium rate"},
    {"43901", premium, "Austria premium rate"},
    {"43930", premium, "Austria premium rate"},
    {"43931", premium, "Austria premium rate"},
    {"43939", premium, "Austria premium rate"},
    {"4470", premium, "United Kingdom personal numbers"},
    {"4484", premium, "United Kingdom service numbers"},
    {"4487", premium, "United Kingdom revenue share"},
    {"449", premium, "United Kingdom premium rate"},
    {"4590", premium, "Denmark premium rate"},
    {"46649", premium, "Sweden premium rate"},
    {"46900", premium, "Sweden premium rate"},
    {"46939", premium, "Sweden premium rate"},
    {"46944", premium, "Sweden premium rate"},
    {"4699", premium, "Sweden premium rate"},
    {"47820", premium, "Norway premium rate"},
    {"47829", premium, "Norway premium rate"},
    {"4870", premium, "Poland premium rate"},
    {"49137", premium, "Germany mass calling"},
    {"49900", premium, "Germany premium rate"},
    {"500", premium, "Falkland Islands"},
    {"52900", premium, "Mexico premium rate"},
    {"53", premium, "Cuba"},
    {"55500", premium, "Brazil premium rate"},
    {"55900", premium, "Brazil premium rate"},
    {"6119", premium, "Australia premium rate"},
    {"6490", premium, "New Zealand premium rate"},
    {"65190", premium, "Singapore premium rate"},
    {"670", premium, "Timor-Leste"},
    {"672", premium, "Australian external territories"},
    {"674", premium, "Nauru"},
    {"675", premium, "Papua New Guinea"},
    {"676", premium, "Tonga"},
    {"677", premium, "Solomon Islands"},
    {"678", premium, "Vanuatu"},
    {"681", premium, "Wallis and Futuna"},
    {"682", premium, "Cook Islands"},
    {"683", premium, "Niue"},
    {"685", premium, "Samoa"},
    {"686", premium, "Kiribati"},
    {"688", premium, "Tuvalu"},
    {"690", premium, "Tokelau"},
    {"692", premium, "Marshall Islands"},
    {"7803", premium, "Russia televoting"},
    {"7809", premium, "Russia premium rate"},
    {"808", premium, "international shared cost service"},
    {"81990", premium, "Japan premium rate"},
    {"852900", premium, "Hong Kong premium rate"},
    {"86160", premium, "China premium rate"},
    {"86168", premium, "China premium rate"},
    {"870", satellite, "Inmarsat"},
    {"881", satellite, "global mobile satellite systems"},
    {"8816", satellite, "Iridium"},
    {"8817", satellite, "Iridium"},
    {"8818", satellite, "Globalstar"},
    {"8819", satellite, "Globalstar"},
    {"882", satellite, "international networks"},
    {"88216", satellite, "Thuraya"},
    {"883", satellite, "international networks"},
    {"90888", premium, "Turkey premium rate"},
    {"90898", premium, "Turkey premium rate"},
    {"90900", premium, "Turkey premium rate"},
    {"91186", premium, "India premium rate"},
    {"972120", premium, "Israel premium rate"},
    {"972121", premium, "Israel premium rate"},
    {"97219", premium, "Israel premium rate"},
    {"979", premium, "international premium rate service"},
};

constexpr bool isSorted() {
  for (std::size_t i = 1; i < std::size(kTolls); ++i) {
    if (kTolls[i - 1].prefix >= kTolls[i].prefix) return false;
  }
  return true;
}
static_assert(isSorted(), "found by halving");

}  // namespace

std::span<const TollPrefix> tollPrefixes() { return kTolls; }

const TollPrefix* highToll(std::string_view digits) {
  for (std::size_t length = std::min<std::size_t>(digits.size(), 6); length >= 2; --length) {
    const auto prefix = digits.substr(0, length);
    const auto* found =
        std::lower_bound(std::begin(kTolls), std::end(kTolls), prefix,
                         [](const TollPrefix& toll, std::string_view text) { return toll.prefix < text; });
    if (found != std::end(kTolls) && found->prefix == prefix) return found;
  }
  return nullptr;
}

}  // namespace sallyport::call
