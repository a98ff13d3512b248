// SPDX-License-Identifier: Apache-2.0
#pragma once
// What authenticates checks (RFC 8445 5.3): a user fragment that names the session and a password. Move-only values.

#include <string>

#include "core/secret.h"

namespace sallyport::media::ice {

struct Credentials {
  std::string ufrag;
  Secret password;

  static Credentials fresh();  // 41 bits of fragment, 165 bits of password
  Credentials clone() const { return {ufrag, password.clone()}; }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

}  // namespace sallyport::media::ice
