// SPDX-License-Identifier: Apache-2.0
#pragma once
// What lets a client use the TURN server beside the edge, for a while: the user name says when it ends and whom it is
// for, the password is what that server computes of it with the secret both know (draft-uberti-behave-turn-rest-00 2.2;
// coturn's use-auth-secret). Handed to nobody but a principal that has registered. Immutable; any thread.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

namespace sallyport::call {

// Of the document below; a REGISTER asks for it by Accept.
inline constexpr std::string_view kIceServersType = "application/vnd.sallyport.ice-servers+json";

class TurnCredentials {
 public:
  // Errors, kind misconfigured: "crypto.password.*" as of any file with one secret line.
  static Result<TurnCredentials> load(const config::Turn& turn);
  TurnCredentials(std::vector<std::string> urls, Secret secret, std::chrono::seconds lifetime);

  // {"ice_servers": [...], "lifetime": seconds}: the array is RTCConfiguration.iceServers as a browser takes it.
  std::string documentFor(std::string_view principal, WallTime now) const;

 private:
  std::vector<std::string> urls_;
  Secret secret_;
  std::chrono::seconds lifetime_;
};

}  // namespace sallyport::call
