// SPDX-License-Identifier: Apache-2.0
// A stranger at the listener for browsers: the request, whether it is upgraded, and the frames behind it with SIP in
// them. Never a crash; no message is larger than allowed; frames mean the same however they arrive; no upgrade without
// a listed origin and the subprotocol, and nothing of a request in the answer's header.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/web_upgrade.h"
#include "net/websocket.h"
#include "sip/message.h"

namespace {

using namespace sallyport;
using namespace sallyport::net;

constexpr std::size_t kLargest = 512;
constexpr std::size_t kHeaderLimit = 8'192;

void require(bool held) {
  if (!held) std::abort();
}

const WebRules& rules() {
  static const WebRules all = [] {
    WebRules made;
    made.site = *WebSite::make({{"/phone/", "text/html", "<p>", {}}});
    made.origins = {"https://a"};
    return made;
  }();
  return all;
}

void readRequest(std::string_view text) {
  const auto read = readHttpRequest(text, kHeaderLimit);
  if (read.progress == HttpRead::Progress::incomplete || read.refusal != 0) return;
  require(read.size <= text.size() && read.request.path.starts_with('/'));
  const auto answer = rules().site.answer(read.request);
  require(answer.status == 200 || answer.status == 304 || answer.status == 308 || answer.status == 404);
  require(answer.head.ends_with("\r\n\r\n") && answer.head.find("\r\n\r\n") == answer.head.size() - 4);
  if (read.request.path != rules().socket_path) return;
  const auto refusal = refuseUpgrade(read.request, rules());
  if (refusal) return require(refusal->status >= 400);
  require(read.request.field("origin") == "https://a" && read.request.lists("sec-websocket-protocol", "sip"));
  const auto upgraded = upgradeAnswer(read.request, rules());
  require(upgraded.find("\r\n\r\n") == upgraded.size() - 4);
}

// One word per event, and the error's code at the end of those that fail.
std::vector<std::string> readFrames(std::string_view bytes, std::size_t step) {
  std::vector<std::string> said;
  WebSocketReader reader{kLargest};
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.append(bytes.substr(at, step));
    for (;;) {
      auto event = reader.next();
      if (!event) {
        said.emplace_back(event.error().code);
        return said;
      }
      if (std::holds_alternative<WebSocketReader::NeedMore>(*event)) break;
      said.push_back(std::to_string(event->index()));
      if (auto* message = std::get_if<WebSocketReader::Message>(&*event)) {
        require(message->payload.size() <= kLargest);
        said.back() += message->payload;
        (void)sip::Message::parse(message->payload, {});
      } else if (auto* ping = std::get_if<WebSocketReader::Ping>(&*event)) {
        require(webSocketPong(ping->payload).size() == ping->payload.size() + 2);
      }
    }
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  readRequest(text);
  const auto end = text.find("\r\n\r\n");
  const auto frames = text.starts_with("GET ") && end != std::string_view::npos ? text.substr(end + 4) : text;
  require(readFrames(frames, 1) == readFrames(frames, frames.size() + 1));
  return 0;
}
