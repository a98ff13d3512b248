// SPDX-License-Identifier: Apache-2.0
#pragma once
// Proof that whoever is at `remote` has lately written a message with the session's password: what media and DTLS may
// come from and be sent to. Only an agent makes it, and it is good for the moment it is made in: ask again.

#include "media/ice/candidate.h"

namespace sallyport::media::ice {

class ValidatedPair {
 public:
  Component component() const { return component_; }
  LocalIndex local() const { return local_; }
  const Endpoint& remote() const { return remote_; }

  friend bool operator==(const ValidatedPair&, const ValidatedPair&) = default;

 private:
  friend class IceLiteAgent;
  friend class IceAgent;
  ValidatedPair(Component component, LocalIndex local, const Endpoint& remote)
      : component_(component), local_(local), remote_(remote) {}

  Component component_;
  LocalIndex local_;
  Endpoint remote_;
};

}  // namespace sallyport::media::ice
