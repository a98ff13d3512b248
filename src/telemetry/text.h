// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hostile bytes into text that is safe to keep and to show, and points in time into text and back.

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace sallyport::telemetry {

// Well-formed UTF-8 (RFC 3629): every byte that is not part of it becomes U+FFFD.
std::string validUtf8(std::string_view text);

// A JSON string with its quotes. Besides what RFC 8259 demands, DEL, C1 controls, line separators and
// bidirectional controls are escaped, so that the line is one line and shows what it says.
void appendJsonString(std::string& out, std::string_view text);

// For a terminal: valid UTF-8 in which the same characters are written \n, \x1b or \u{202e}.
std::string visible(std::string_view text);

// How many columns valid UTF-8 takes, wide and combining characters aside.
std::size_t displayWidth(std::string_view text);

// RFC 3339 in UTC with milliseconds: "2026-03-01T12:00:00.123Z".
std::string timeText(WallTime time);
std::optional<WallTime> parseTime(std::string_view text);  // exactly that form

}  // namespace sallyport::telemetry
