// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small HTTP/1.1 server for /metrics and /healthz: GET and HEAD without a body, one request at a time,
// bounded in clients, header size and time (RFC 9112). On the thread of its loop.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"

namespace sallyport::net {

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// `path` without its query. The handler does not let its server go.
using HttpHandler = std::function<HttpReply(std::string_view path)>;

// Plain HTTP without authentication is for the machine itself, unless the operator says otherwise.
enum class HttpExposure : unsigned char { loopbackOnly, anywhere };

struct HttpServerOptions {
  HttpExposure exposure = HttpExposure::loopbackOnly;
  std::size_t clients = 32;
  std::size_t header_bytes = 8'192;
  Duration request = std::chrono::seconds{5};  // for the whole header
  Duration idle = std::chrono::seconds{30};    // between requests of a kept connection
  Duration reply = std::chrono::seconds{10};   // for the client to take it
};

class HttpServer {
 public:
  // Errors: "net.http.exposed" (misconfigured: not a loopback address), and as listenTcp's.
  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, const Endpoint& local, HttpHandler handler,
                                                    HttpServerOptions options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const Endpoint& local() const;
  std::size_t clients() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net
