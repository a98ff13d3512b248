// SPDX-License-Identifier: Apache-2.0
#include "sip/transaction_layer_replies.h"

#include "sip/message_writer.h"

namespace sallyport::sip {
namespace {

constexpr unsigned kMaxForwards = 70;        // RFC 3261 8.1.1.6
constexpr unsigned kRetryAfterOverload = 5;  // seconds

}  // namespace

std::optional<std::string> ackForFailure(std::string_view invite_bytes, const Message& response) {
  auto parsed = Message::parse(std::string{invite_bytes});
  if (!parsed) return std::nullopt;
  const Message& invite = *parsed;
  const auto vias = invite.list(HeaderId::via);
  if (vias.empty()) return std::nullopt;

  MessageWriter ack{512};
  ack.request(toString(Method::ack), invite.requestUri())
      .header(HeaderId::via, vias.front())
      .copy(invite, HeaderId::route)
      .header(HeaderId::maxForwards, std::uint64_t{kMaxForwards})
      .copy(invite, HeaderId::from)
      .copy(response, HeaderId::to)
      .copy(invite, HeaderId::callId)
      .header(HeaderId::cseq, std::to_string(invite.cseq()) + " ACK")
      .copy(invite, HeaderId::authorization)
      .copy(invite, HeaderId::proxyAuthorization);
  return ack.finish();
}

std::string answerToCancel(const Message& cancel, int status, std::string_view to_tag) {
  return responseTo(cancel, status, {}, to_tag).finish();
}

std::string overloadedAnswer(const Message& request, std::string_view to_tag) {
  return responseTo(request, 503, {}, to_tag).header(HeaderId::retryAfter, std::uint64_t{kRetryAfterOverload}).finish();
}

void insertLines(std::string& message, std::string_view lines) {
  const auto end = message.find("\r\n\r\n");
  if (end != std::string::npos) message.insert(end + 2, lines);
}

std::string toTagOf(std::string_view bytes) {
  if (bytes.empty()) return {};
  const auto parsed = Message::parse(std::string{bytes});
  return parsed ? std::string{parsed->toTag()} : std::string{};
}

}  // namespace sallyport::sip
