// SPDX-License-Identifier: Apache-2.0
// A stranger's byte stream through framer, parser, request check, salvage and writer. The first byte
// chooses how the rest is cut into reads; the frames must not depend on it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/check.h"
#include "sip/message.h"
#include "sip/message_writer.h"
#include "sip/request_check.h"
#include "sip/stream_framer.h"

namespace {

using namespace sallyport;
using sip::HeaderField;
using sip::HeaderId;
using sip::Message;

struct Framed {
  std::vector<std::string> frames;
  std::string error;

  friend bool operator==(const Framed&, const Framed&) = default;
};

Framed frame(std::string_view bytes, std::size_t chunk) {
  Framed out;
  sip::StreamFramer framer;
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    framer.append(bytes.substr(at, chunk));
    for (;;) {
      auto event = framer.next();
      if (!event) {
        out.error = event.error().code;
        return out;
      }
      if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) break;
      if (auto* whole = std::get_if<sip::StreamFramer::Frame>(&*event)) out.frames.push_back(std::move(whole->bytes));
    }
  }
  return out;
}

void checkInside(const Message& message, std::string_view view) {
  if (view.empty()) return;
  const std::string_view bytes = message.bytes();
  SP_CHECK(view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size());
}

std::string written(const Message& message) {
  sip::MessageWriter writer;
  if (message.isRequest()) {
    writer.request(message.methodName(), message.requestUri());
  } else {
    writer.response(message.status(), message.reason());
  }
  for (const HeaderField& field : message.headers()) {
    const bool by_finish = field.id == HeaderId::contentLength || field.id == HeaderId::contentType;
    if (!by_finish) writer.header(field.name, field.value);
  }
  return writer.finish(message.header(HeaderId::contentType).value_or(""), message.body());
}

void checkAccepted(const Message& message) {
  for (const HeaderField& field : message.headers()) {
    checkInside(message, field.name);
    checkInside(message, field.value);
    SP_CHECK(field.value.find_first_of("\r\n") == std::string_view::npos);
  }
  for (const std::string_view view : {message.methodName(), message.requestUri(), message.callId(), message.body(),
                                      message.fromTag(), message.toTag(), message.topmostVia().branch()}) {
    checkInside(message, view);
  }
  const auto again = Message::parse(written(message), {.max_bytes = 1'000'000});
  SP_CHECK(again.ok());
  SP_CHECK(again->status() == message.status() && again->methodName() == message.methodName());
  SP_CHECK(again->requestUri() == message.requestUri() && again->callId() == message.callId());
  SP_CHECK(again->cseq() == message.cseq() && again->maxForwards() == message.maxForwards());
  SP_CHECK(again->from().uri == message.from().uri && again->to().uri == message.to().uri);
  SP_CHECK(again->topmostVia().sent_by == message.topmostVia().sent_by && again->body() == message.body());

  static_cast<void>(message.vias().ok());
  static_cast<void>(message.nameAddrs(HeaderId::contact).ok());
  static_cast<void>(message.list(HeaderId::supported).size());
  if (!message.isRequest()) return;
  if (const Status status = sip::checkRequest(message); !status) {
    SP_CHECK(sip::statusFor(status.error()) >= 400 && sip::statusFor(status.error()) < 600);
  }
  const auto response = Message::parse(sip::responseTo(message, 486, {}, "t").finish(), {.max_bytes = 1'000'000});
  SP_CHECK(response.ok() && response->callId() == message.callId() && !response->toTag().empty());
}

void checkSalvage(std::string_view bytes) {
  const auto answer = sip::salvageResponse(bytes, 400, "Bad Request");
  if (!answer) return;
  const auto message = Message::parse(*answer, {.max_bytes = 1'000'000, .max_list_items = 100'000});
  // CSeq is repeated as it was, even when its number is what was wrong.
  SP_CHECK(message.ok() || std::string_view{message.error().code} == "sip.cseq");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 70'000) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const Framed whole = frame(bytes, bytes.size() + 1);
  SP_CHECK(whole == frame(bytes, 1 + data[0] % 97U));
  for (const std::string& one : whole.frames) {
    auto message = Message::parse(one);
    if (message) {
      checkAccepted(*message);
    } else {
      checkSalvage(one);
    }
  }
  if (const auto datagram = sip::messageInDatagram(bytes)) {
    if (auto message = Message::parse(std::string{*datagram})) checkAccepted(*message);
  }
  checkSalvage(bytes);
  return 0;
}
