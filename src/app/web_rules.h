// SPDX-License-Identifier: Apache-2.0
#pragma once
// What [web_listener] serves: the web phone's files (docs/web-phone.md) and who may open a WebSocket.

#include <memory>

#include "config/config.h"
#include "core/result.h"
#include "net/web_listener.h"

namespace sallyport::app {

// Nothing where there is no [web_listener]. Errors, misconfigured: "app.web.file" (a file of the phone is missing or
// too large), "app.web.headers" (its headers.json is no object of texts), and those of net::WebSite.
Result<std::shared_ptr<const net::WebRules>> webRules(const config::Config& config);

// host:port at which browsers and other clients find it; empty where there is none.
std::string webName(const config::Config& config);

}  // namespace sallyport::app
