// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <exception>
#include <optional>

#include "net/plain_stream.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

namespace http = boost::beast::http;

std::string_view reasonPhrase(unsigned status) {
  const auto phrase = http::obsolete_reason(static_cast<http::status>(status));
  return {phrase.data(), phrase.size()};
}

enum class Body : unsigned char { sent, omitted };
enum class After : unsigned char { keep, close };

// RFC 9112 4, RFC 9110 6.4.1: HEAD is told the length of the body it does not get.
std::string renderReply(const HttpReply& reply, Body body, After after, std::string_view extra = {}) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string{reasonPhrase(reply.status)} +
                     "\r\nContent-Type: " + reply.content_type +
                     "\r\nContent-Length: " + std::to_string(reply.body.size()) +
                     "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  text += extra;
  if (after == After::close) text += "Connection: close\r\n";
  text += "\r\n";
  if (body == Body::sent) text += reply.body;
  return text;
}

HttpReply plain(unsigned status) {
  return {status, "text/plain; charset=utf-8", std::string{reasonPhrase(status)} + "\n"};
}

// A request's header as far as it has come.
enum class Progress : unsigned char { incomplete, complete };

struct Request {
  Progress progress = Progress::incomplete;
  std::size_t size = 0;  // of the header, when complete
  std::string path;
  bool head = false;
  bool keep_alive = false;
  unsigned refusal = 0;  // a status to refuse it with, else 0
};

Request parseWithBeast(std::string_view input, std::size_t header_limit) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(header_limit));
  parser.body_limit(0);
  boost::beast::error_code error;
  const auto used = parser.put(boost::asio::buffer(input.data(), input.size()), error);
  Request request;
  if (error == http::error::need_more || (!error && !parser.is_header_done())) return request;
  request.progress = Progress::complete;
  if (error) {
    request.refusal = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
    return request;
  }
  const auto& message = parser.get();
  request.size = used;
  request.head = message.method() == http::verb::head;
  request.keep_alive = parser.keep_alive();
  const auto target = message.target();
  request.path.assign(target.data(), std::min(target.find('?'), target.size()));
  const bool has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  if (message.method() != http::verb::get && !request.head) {
    request.refusal = 405;
  } else if (has_body) {
    request.refusal = 413;
  } else if (message.version() >= 11 && message.count(http::field::host) != 1) {
    request.refusal = 400;  // RFC 9112 3.2
  } else if (request.path.empty() || request.path.front() != '/') {
    request.refusal = 400;
  }
  return request;
}

// Beast reports by error code, and its containers may throw all the same.
Request parseRequest(std::string_view input, std::size_t header_limit) {
  try {
    return parseWithBeast(input, header_limit);
  } catch (const std::exception&) {
    Request request;
    request.progress = Progress::complete;
    request.refusal = 400;
    return request;
  }
}

}  // namespace

class HttpServer::Impl final : private PlainStream::Owner {
 public:
  Impl(Loop& loop, Fd socket, const Endpoint& local, HttpHandler handler, const HttpServerOptions& options)
      : local_(local),
        handler_(std::move(handler)),
        options_(options),
        // One byte more than a header may have: room to find out that it has too many.
        clients_(loop, std::move(socket), options.clients, options.header_bytes + 1, *this) {
    clients_.onAccepted([this](PlainStream& stream) { stream.expectWithin(options_.request); });
  }

  Status start() { return clients_.start(); }
  const Endpoint& local() const { return local_; }
  std::size_t clients() const { return clients_.size(); }

 private:
  void onInput(PlainStream& stream) override {
    if (stream.ending()) return;
    auto& input = stream.input();
    auto request = parseRequest(input, options_.header_bytes);
    if (request.progress == Progress::incomplete) {
      if (stream.inputEnded()) return stream.endAfterOutput();
      if (stream.inputFull()) refuse(stream, 431);
      return;
    }
    if (request.refusal != 0) return refuse(stream, request.refusal);
    input.erase(0, request.size);
    stream.pauseInput();
    stream.expectWithin(options_.reply);
    const auto after = request.keep_alive && !stream.inputEnded() ? After::keep : After::close;
    stream.write(renderReply(handler_(request.path), request.head ? Body::omitted : Body::sent, after));
    if (after == After::close) stream.endAfterOutput();
  }

  void refuse(PlainStream& stream, unsigned status) {
    stream.pauseInput();
    stream.expectWithin(options_.reply);
    stream.write(renderReply(plain(status), Body::sent, After::close, status == 405 ? "Allow: GET, HEAD\r\n" : ""));
    stream.endAfterOutput();
  }

  void onWritten(PlainStream& stream) override {
    stream.expectWithin(stream.input().empty() ? options_.idle : options_.request);
    stream.resumeInput();
    if (!stream.input().empty()) onInput(stream);
  }

  void onEnded(PlainStream& stream) override { clients_.drop(stream); }

  const Endpoint local_;
  const HttpHandler handler_;
  const HttpServerOptions options_;
  PlainClients clients_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, const Endpoint& local, HttpHandler handler,
                                                       HttpServerOptions options) {
  if (options.exposure == HttpExposure::loopbackOnly && !local.address.isLoopback()) {
    return Error{ErrorKind::misconfigured, "net.http.exposed",
                 local.toString() +
                     " is not a loopback address, and this page is served to anybody who asks: use "
                     "127.0.0.1 or [::1] and let the collector's agent fetch it there"};
  }
  SP_ASSIGN(Fd socket, listenTcp(local));
  SP_ASSIGN(const Endpoint bound, localEndpoint(socket));
  auto impl = std::make_unique<Impl>(loop, std::move(socket), bound, std::move(handler), options);
  SP_TRY(impl->start());
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
const Endpoint& HttpServer::local() const { return impl_->local(); }
std::size_t HttpServer::clients() const { return impl_->clients(); }

}  // namespace sallyport::net
