// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include "net/http_request.h"
#include "net/plain_stream.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

enum class Body : unsigned char { sent, omitted };
using After = HttpRequest::After;

// RFC 9112 4, RFC 9110 6.4.1: HEAD is told the length of the body it does not get.
std::string renderReply(const HttpReply& reply, Body body, After after, std::string_view extra = {}) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string{httpReason(reply.status)} +
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
  return {status, "text/plain; charset=utf-8", std::string{httpReason(status)} + "\n"};
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
    const auto read = readHttpRequest(input, options_.header_bytes);
    if (read.progress == HttpRead::Progress::incomplete) {
      if (stream.inputEnded()) return stream.endAfterOutput();
      if (stream.inputFull()) refuse(stream, 431);
      return;
    }
    if (read.refusal != 0) return refuse(stream, read.refusal);
    const auto& request = read.request;
    input.erase(0, read.size);
    stream.pauseInput();
    stream.expectWithin(options_.reply);
    const auto after = stream.inputEnded() ? After::close : request.after;
    const auto body = request.method == HttpRequest::Method::head ? Body::omitted : Body::sent;
    stream.write(renderReply(handler_(request.path), body, after));
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
