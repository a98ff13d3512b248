// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a REGISTER asks of the location table, and whether who sent it may ask that (RFC 3261 10.3 steps 1 to
// 6, RFC 5626 6, RFC 3327 5.3). Pure: message, principal and settings in, a change out.

#include "call/registrar.h"

namespace sallyport::call {

struct ReadRegister {
  enum class Outbound : std::uint8_t { none, performed };  // RFC 5626: flows are kept apart by reg-id

  RegistrationChange change;  // no update and no removal: a query
  Outbound outbound = Outbound::none;
  bool isQuery() const;
};

// Errors: those of Registrar::handle that do not come from the table or the core.
Result<ReadRegister> readRegister(const RegisterRequest& request, const RegistrarSettings& settings, unsigned worker,
                                  WallTime now);

}  // namespace sallyport::call
