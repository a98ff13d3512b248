// SPDX-License-Identifier: Apache-2.0
#include "net/web_upgrade.h"

#include <algorithm>

#include "net/websocket.h"

namespace sallyport::net {
namespace {

constexpr std::string_view kVersion = "13";  // RFC 6455 4.1
constexpr std::size_t kShown = 128;          // of what a stranger sent, in the log

std::string excerpt(std::optional<std::string_view> text) { return std::string{text.value_or("").substr(0, kShown)}; }

// RFC 6454 7: a browser says which page asks, and says it once.
std::optional<WebRefusal> refuseOrigin(const HttpRequest& request, const WebRules& rules) {
  const auto count = request.count("origin");
  if (count == 0) {
    if (rules.without_origin == WebRules::WithoutOrigin::admit) return std::nullopt;
    return WebRefusal{403, "net.websocket.origin_missing"};
  }
  const auto origin = request.field("origin");
  const bool listed = std::find(rules.origins.begin(), rules.origins.end(), *origin) != rules.origins.end();
  if (count == 1 && listed) return std::nullopt;
  return WebRefusal{403, "net.websocket.origin", excerpt(origin)};
}

}  // namespace

std::optional<WebRefusal> refuseUpgrade(const HttpRequest& request, const WebRules& rules) {
  const HttpFields what_we_speak{{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", std::string{kVersion}}};
  const bool asks = request.method == HttpRequest::Method::get && request.lists("connection", "upgrade") &&
                    request.lists("upgrade", "websocket");
  if (!asks) return WebRefusal{426, "net.websocket.no_upgrade", {}, what_we_speak};
  const auto version = request.field("sec-websocket-version");
  if (version != kVersion || request.count("sec-websocket-version") != 1) {
    return WebRefusal{426, "net.websocket.version", excerpt(version), what_we_speak};
  }
  const auto key = request.field("sec-websocket-key");
  if (!key || request.count("sec-websocket-key") != 1 || !isWebSocketKey(*key)) {
    return WebRefusal{400, "net.websocket.key"};
  }
  if (auto refusal = refuseOrigin(request, rules)) return refusal;
  if (request.lists("sec-websocket-protocol", rules.subprotocol)) return std::nullopt;
  return WebRefusal{400, "net.websocket.subprotocol", excerpt(request.field("sec-websocket-protocol"))};
}

std::string upgradeAnswer(const HttpRequest& request, const WebRules& rules) {
  std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  answer.append("Sec-WebSocket-Accept: ").append(webSocketAccept(request.field("sec-websocket-key").value_or("")));
  return answer.append("\r\nSec-WebSocket-Protocol: ").append(rules.subprotocol).append("\r\n\r\n");
}

}  // namespace sallyport::net
