// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a request came from, said in its topmost Via and so in every response to it (RFC 3261 18.2.1, RFC 3581 4): a
// client behind a NAT learns there what it looks like. Pure.

#include <optional>
#include <string>

#include "core/endpoint.h"
#include "sip/message.h"

namespace sallyport::sip {

// The request with `received` where its sent-by is not that very address, and `rport` where that was asked for. What it
// says of either itself is taken away. Nothing: it is as it should be.
std::optional<std::string> withReceived(const Message& request, const Endpoint& source);

}  // namespace sallyport::sip
