// SPDX-License-Identifier: Apache-2.0
#pragma once
// How we are named on the hop to a peer: in Via, and in the URIs that lead back to us (Contact, Path, Route). The
// branch begins with the worker's number, so that a response on another worker's connection finds its transaction.
// Values; any thread.

#include <string>
#include <string_view>

#include "call/sips.h"

namespace sallyport::call {

std::string newBranch(unsigned worker);

// host:port of ours for either kind of hop.
class SentBy {
 public:
  // `plain` stands where there is a listener for unprotected peers, and only they are ever told it.
  SentBy(std::string tls, std::string plain = {}) : tls_(std::move(tls)), plain_(std::move(plain)) {}

  const std::string& on(HopSecurity hop) const { return hop == HopSecurity::tls ? tls_ : plain_; }
  // "SIP/2.0/TLS edge.example:5061;branch=z9hG4bK0-..."
  std::string via(HopSecurity hop, std::string_view branch) const;
  // "sip:user@edge.example:5061;transport=tls"; the host alone when `user` is empty.
  std::string uri(HopSecurity hop, std::string_view user = {}) const;

 private:
  std::string tls_, plain_;
};

}  // namespace sallyport::call
