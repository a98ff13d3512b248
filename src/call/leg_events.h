// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one side of a call tells the call: answers and failures of our requests, requests of the peer, its end.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/refer.h"
#include "core/result.h"
#include "sip/message.h"

namespace sallyport::call {

class Leg;

// Why a leg or a call ended; stands in the log, the record and nowhere on the wire but as `status`.
struct EndCause {
  std::string code;  // "call.bye", "call.cancelled", "media.timeout", an Error's code, ...
  std::string detail;
  std::string by;  // "caller", "callee" or "edge"
  int status = 0;  // the SIP status that said so, 0 for none
};

// Why an INVITE or UPDATE of ours came to nothing.
struct Rejection {
  int status = 0;  // 300-699, 408 for a timeout, 503 for a connection that was lost or could not be made
  Error error;     // "call.rejected" when the peer said so
  std::optional<std::chrono::seconds> retry_after = {};
  std::vector<std::string> contacts = {};  // of a redirect, as they stand in it
};

struct Surrendered;

// What a leg hears. A handler may call back into the leg.
class LegEvents {
 public:
  virtual ~LegEvents() = default;
  // 101-199 to our INVITE; `sdp` may be empty.
  virtual void onProgress(Leg& leg, int status, std::string_view sdp) = 0;
  // 2xx to our INVITE or UPDATE; it has been acknowledged.
  virtual void onAnswer(Leg& leg, std::string_view sdp) = 0;
  // Our INVITE or UPDATE failed.
  virtual void onRejected(Leg& leg, const Rejection& why) = 0;
  // A re-INVITE or UPDATE with an offer: to be given answer() or reject(). Before the call is answered, an UPDATE or
  // PRACK with one: to be given either before the handler returns, or it is refused (491).
  virtual void onOffer(Leg& leg, std::string_view sdp) = 0;
  // A re-INVITE without one: to be given answerWithOffer().
  virtual void onOfferWanted(Leg& leg) = 0;
  // A refresh of ours is due and the peer takes no UPDATE: to be given refreshWith() our description.
  virtual void onRefreshDue(Leg& leg) = 0;
  // The peer's answer to an offer that only concerned this side: in the ACK of our 2xx, or to a refresh.
  virtual void onLocalAnswer(Leg& leg, std::string_view sdp) = 0;
  // The ACK of our 2xx to an INVITE, where it owes no answer.
  virtual void onAcknowledged(Leg& leg) = 0;
  // The peer gives up its INVITE or re-INVITE before an answer: to be given reject(), at once or by end().
  virtual void onCancel(Leg& leg) = 0;
  // A REFER: to be given acceptRefer() or rejectRefer(), at once.
  virtual void onRefer(Leg& leg, const Refer& refer) = 0;
  // Another call of the same principal is to be joined with the other side of this one (RFC 3891): that side's leg,
  // and what it knows of the media so far; nothing where the call can not be taken apart now.
  virtual std::optional<Surrendered> onSurrender(Leg& leg) = 0;
  // An INFO: an error says with which status it is refused.
  virtual Status onInfo(Leg& leg, std::string_view content_type, std::string_view body) = 0;
  // The peer said BYE; it has been answered.
  virtual void onBye(Leg& leg, std::string_view reason) = 0;
  // The session can not go on: expired, no ACK, the dialog is unknown to the peer.
  virtual void onLost(Leg& leg, const Error& error) = 0;
};

// The place in the call: a new party takes over the role of the one it replaces.
enum class LegRole : std::uint8_t { caller, callee };
inline LegRole oppositeOf(LegRole role) { return role == LegRole::caller ? LegRole::callee : LegRole::caller; }
inline std::string nameOf(LegRole role) { return role == LegRole::caller ? "caller" : "callee"; }

}  // namespace sallyport::call
