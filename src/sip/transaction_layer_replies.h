// SPDX-License-Identifier: Apache-2.0
#pragma once
// The few messages the transaction layer makes by itself. Private to TransactionLayer.

#include <optional>
#include <string>
#include <string_view>

#include "sip/message.h"

namespace sallyport::sip {

// RFC 3261 17.1.1.3: the ACK for a non-2xx final `response` to the INVITE in `invite_bytes`. Credentials are
// repeated (22.1). Nothing when what the user sent as an INVITE cannot be read back.
std::optional<std::string> ackForFailure(std::string_view invite_bytes, const Message& response);

// Our answer to a CANCEL: 200, or 481 when it matches nothing (9.2).
std::string answerToCancel(const Message& cancel, int status, std::string_view to_tag);

// 503 with Retry-After, made without keeping state.
std::string overloadedAnswer(const Message& request, std::string_view to_tag);

// Puts complete header lines into a complete message, after all of its own.
void insertLines(std::string& message, std::string_view lines);

// The To tag of a complete message of ours; empty when it has none.
std::string toTagOf(std::string_view bytes);

}  // namespace sallyport::sip
