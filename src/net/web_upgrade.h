// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a request may become a WebSocket (RFC 6455 4.2, 10.2; RFC 7118 4), and the answer to it. Pure. Inside this
// room only.

#include "net/http_request.h"
#include "net/web_listener.h"

namespace sallyport::net {

struct WebRefusal {
  unsigned status = 400;
  const char* code = "";
  std::string detail = {};
  HttpFields fields = {};
};

// Why not; nothing when it may.
std::optional<WebRefusal> refuseUpgrade(const HttpRequest& request, const WebRules& rules);
// 101 to a request that is not refused.
std::string upgradeAnswer(const HttpRequest& request, const WebRules& rules);

}  // namespace sallyport::net
