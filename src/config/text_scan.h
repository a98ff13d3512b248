// SPDX-License-Identifier: Apache-2.0
#pragma once
// What must hold of a text before the vendor's TOML parser sees it. Internal to config.

#include <string_view>

#include "config/document.h"

namespace sallyport::config {

// Bounded in size and line length; no control byte; ASCII outside strings and comments, as TOML 1.0
// has it; every string within its line. toml++ 3.3 has undefined behaviour on some other characters
// where it looks for blanks. Reports the first violation and returns false.
bool scanText(std::string_view text, Problems& problems);

}  // namespace sallyport::config
