// SPDX-License-Identifier: Apache-2.0
#pragma once
// The headers that may cross the border at all, and in which form each does; data of the header policies.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::call {

// How a value is read again on its way. What does not have the form does not cross.
enum class HeaderForm : std::uint8_t {
  text,        // for people: RFC 3261 TEXT-UTF8
  tokens,      // token, digits and list separators: nothing that quotes or brackets
  urns,        // URIs in brackets of which only urn: is kept: a URL would be fetched by the far side (RFC 7462 14)
  webUris,     // urn: and https: are kept
  reason,      // RFC 3326, written again from protocol, cause and text
  userToUser,  // RFC 7433
  diversion,   // RFC 5806 and 7044: read and written by call/diversion.h
};

struct CatalogueEntry {
  std::string_view name;
  HeaderForm form;
};

inline constexpr CatalogueEntry kCatalogue[] = {
    {"Accept-Language", HeaderForm::tokens},
    {"Alert-Info", HeaderForm::urns},
    {"Answer-Mode", HeaderForm::tokens},  // RFC 5373
    {"Call-Info", HeaderForm::webUris},
    {"Date", HeaderForm::text},
    {"Diversion", HeaderForm::diversion},
    {"History-Info", HeaderForm::diversion},
    {"Organization", HeaderForm::text},
    {"P-Early-Media", HeaderForm::tokens},  // RFC 5009
    {"Priority", HeaderForm::tokens},
    {"Priv-Answer-Mode", HeaderForm::tokens},  // RFC 5373
    {"Reason", HeaderForm::reason},
    {"Resource-Priority", HeaderForm::tokens},  // RFC 4412
    {"Server", HeaderForm::text},
    {"Subject", HeaderForm::text},
    {"User-Agent", HeaderForm::text},
    {"User-to-User", HeaderForm::userToUser},
    {"Warning", HeaderForm::text},
};

enum class Crossing : std::uint8_t {
  catalogued,  // may be named by a policy
  custom,      // X- and P- names: may be named, and are text
  never,       // each side writes its own
  unknown,
};
struct HeaderStanding {
  Crossing crossing;
  std::size_t entry = 0;  // of kCatalogue
};
HeaderStanding standingOf(std::string_view name);

// The value as it may cross, or nothing. Not for HeaderForm::diversion, which takes all values at once.
std::optional<std::string> carriedValue(HeaderForm form, std::string_view value);

}  // namespace sallyport::call
