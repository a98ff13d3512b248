// SPDX-License-Identifier: Apache-2.0
#pragma once
// One dialog as seen from one side (RFC 3261 12): identifiers, sequence numbers, remote target, route
// set, and who has an INVITE or an offer outstanding (RFC 3261 14, RFC 3311 5). Pure state: it sends
// nothing and reads no clock; randomness is an argument.
//
// Owned by one leg of a call, on that call's worker. Copyable: a fork is a second dialog.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sip/message.h"
#include "sip/message_writer.h"

namespace sallyport::sip {

class Dialog {
 public:
  enum class State : std::uint8_t { early, confirmed, terminated };
  enum class Role : std::uint8_t { uac, uas };  // of the request that created the dialog

  // RFC 3261 12.1.1: a dialog-creating request we answer with `local_tag` in To. Starts early.
  // Errors: "sip.dialog.contact" (no Contact, more than one, or one without a SIP URI),
  // "sip.dialog.record_route".
  static Result<Dialog> fromRequest(const Message& request, std::string_view local_tag);

  // RFC 3261 12.1.2: a 101-299 response, with a To tag, to our request for `request_uri`. Confirmed by a 2xx.
  // A provisional response may lack Contact: then `request_uri` is the target until the 2xx.
  // Errors as above, and "sip.dialog.to_tag", "sip.dialog.status".
  static Result<Dialog> fromResponse(const Message& response, std::string_view request_uri);

  // RFC 6665 4.4.1: the NOTIFY that answers our SUBSCRIBE, of that CSeq, before any 2xx does. Confirmed.
  // Errors: "sip.dialog.contact", "sip.dialog.record_route".
  static Result<Dialog> fromNotify(const Message& notify, std::uint32_t subscribe_cseq);

  State state() const { return state_; }
  Role role() const { return role_; }
  const std::string& callId() const { return call_id_; }
  const std::string& localTag() const { return local_tag_; }
  const std::string& remoteTag() const { return remote_tag_; }
  const std::string& localUri() const { return local_uri_; }
  const std::string& remoteUri() const { return remote_uri_; }
  const std::string& remoteTarget() const { return remote_target_; }
  const std::vector<std::string>& routeSet() const { return route_set_; }  // URIs, nearest first
  bool isSecure() const { return secure_; }                                // the request went to a sips: URI
  // Where a request goes next: the first route, else the remote target (RFC 3261 8.1.2).
  const std::string& nextHop() const { return route_set_.empty() ? remote_target_ : route_set_.front(); }

  // The message carries this dialog's Call-ID and tags, as one from the other side would.
  bool matches(const Message& message) const;

  // --- Requests we send -----------------------------------------------------------------------------

  // Writes the request line, `via`, Max-Forwards, Route, From, To, Call-ID and the next CSeq (RFC 3261
  // 12.2.1.1, strict routers included); the caller adds Contact and the rest. Returns the CSeq used.
  // An INVITE or UPDATE becomes the one outstanding: ask mayInvite() / mayOffer() first.
  std::uint32_t startRequest(MessageWriter& writer, std::string_view method, std::string_view via);
  std::string requestUri() const;  // that it writes: what a digest of the request is about
  // The ACK for a 2xx (RFC 3261 13.2.2.4): the same, with the CSeq of the INVITE it acknowledges.
  void startAck(MessageWriter& writer, std::uint32_t invite_cseq, std::string_view via) const;

  // A response to a request of ours in this dialog, the creating one included: confirms the dialog,
  // recomputes the route set from the first 2xx (13.2.2.4), refreshes the target from a 2xx to a target refresh
  // (12.2.1.2; SUBSCRIBE and NOTIFY are such too, RFC 6665 3.1 and 4.4.1), ends what was outstanding. Errors:
  // "sip.dialog.mismatch" (nothing changed), "sip.dialog.contact" (the old target is kept).
  Status onResponse(const Message& response);
  // No response came: what was outstanding is over.
  void onRequestFailed(Method method);

  // --- Requests we receive --------------------------------------------------------------------------

  struct Refusal {
    int status = 0;
    std::optional<std::chrono::seconds> retry_after;
    Error error;  // "sip.dialog.mismatch", "sip.dialog.cseq", "sip.dialog.glare", "sip.dialog.overlap",
                  // "sip.dialog.contact"
  };
  // A request from the other side, other than ACK and CANCEL: 481 for wrong tags, 500 for a CSeq that does not
  // rise (12.2.2), 491 while our INVITE or offer is unanswered, 500 with Retry-After (0-10 s, drawn from
  // `random`) while theirs is (14.2, RFC 3311 5.2), 400 for a refresh with a broken Contact. Nothing: go on.
  std::optional<Refusal> onRequest(const Message& request, std::uint64_t random);
  // Our response to such a request, or to the creating one. A 2xx to a target refresh makes the
  // Contact it carried the new target (12.2.2); a 2xx to the creating request confirms the dialog.
  void onAnswered(Method method, int status);
  // An ACK for our 2xx: true when it belongs to the INVITE we answered last.
  bool onAck(const Message& ack);

  // --- One INVITE, one offer at a time -----------------------------------------------------------------

  // RFC 3261 14.1: no INVITE while another is in progress either way (theirs, until its ACK).
  bool mayInvite() const;
  // RFC 3264 4: no offer while one is unanswered either way.
  bool mayOffer() const { return offer_ == Offer::none && !local_update_; }
  void offerSent() { offer_ = Offer::ours; }
  void offerReceived() { offer_ = Offer::theirs; }
  void offerAnswered() { offer_ = Offer::none; }
  // How long to wait after a 491 (14.1): 2.1-4 s for the owner of the Call-ID, else 0-2 s, in steps of 10 ms.
  std::chrono::milliseconds glareDelay(std::uint64_t random) const;

  void terminate() { state_ = State::terminated; }

 private:
  enum class Offer : std::uint8_t { none, ours, theirs };

  Dialog() = default;
  void writeAddressing(MessageWriter& writer, std::string_view method, std::string_view via, std::uint32_t cseq) const;
  std::optional<Refusal> glare(const Message& request, std::uint64_t random) const;

  State state_ = State::early;
  Role role_ = Role::uac;
  Method creator_ = Method::other;  // of the request that created the dialog
  bool secure_ = false;
  Offer offer_ = Offer::none;
  bool local_update_ = false;
  bool remote_update_ = false;
  bool awaiting_ack_ = false;                   // we answered their INVITE 2xx
  std::optional<std::uint32_t> local_invite_;   // CSeq of our INVITE without a final response
  std::optional<std::uint32_t> remote_invite_;  // CSeq of theirs
  std::uint32_t remote_acked_invite_ = 0;       // CSeq of the INVITE the next ACK is for
  std::uint32_t local_cseq_ = 0;
  std::optional<std::uint32_t> remote_cseq_;
  std::string call_id_, local_tag_, remote_tag_, local_uri_, remote_uri_, remote_target_;
  std::string offered_target_;  // Contact of their refresh, until we accept it
  std::vector<std::string> route_set_;
};

// RFC 5057 5.1: a final response to a request inside the dialog that ends the dialog, or the call in it.
bool endsDialog(int status);

}  // namespace sallyport::sip
