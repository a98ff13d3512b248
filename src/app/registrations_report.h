// SPDX-License-Identifier: Apache-2.0
#pragma once
// Registrations for an operator: as JSON over the control socket, as a table on a terminal.

#include <string>
#include <string_view>
#include <vector>

#include "call/registrations.h"

namespace sallyport::app {

inline constexpr std::size_t kMostRegistrations = 10'000;  // of one answer

// {"registrations": [...], "total": n}; the first kMostRegistrations of them.
std::string registrationsJson(const std::vector<call::BindingPtr>& bindings, WallTime now);

// From that text. Whatever a phone said of itself is made visible. Error: control.reply, it is no such text.
Result<std::string> registrationsTable(std::string_view json_text);

}  // namespace sallyport::app
