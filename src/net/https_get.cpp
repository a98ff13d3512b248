// SPDX-License-Identifier: Apache-2.0
#include "net/https_get.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <vector>

#include "core/numbers.h"
#include "net/resolver.h"
#include "net/socket.h"
#include "net/tls_dialer.h"

namespace sallyport::net {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kScheme = "https://";

Error unavailable(const char* code, std::string detail) { return {ErrorKind::unavailable, code, std::move(detail)}; }

// The answer, put together as it comes. Beast reports by error code, and its containers may throw all the same.
class Answer {
 public:
  explicit Answer(const HttpsLimits& limits) {
    parser_.header_limit(limits.header);
    parser_.body_limit(limits.body);
    parser_.eager(true);
  }

  // True once it is whole.
  Result<bool> put(std::string_view bytes) {
    try {
      pending_.append(bytes);
      while (!pending_.empty() && !parser_.is_done()) {
        boost::beast::error_code error;
        const auto used = parser_.put(boost::asio::buffer(pending_), error);
        pending_.erase(0, used);
        if (error == http::error::need_more) break;
        if (error) return refusal(error);
      }
      return parser_.is_done();
    } catch (const std::exception&) {
      return refusal(http::error::bad_value);
    }
  }
  // The other side has said that nothing more comes: the end of a body without a length (RFC 9112 6.3).
  bool end() {
    boost::beast::error_code error;
    parser_.put_eof(error);
    return !error && parser_.is_done();
  }
  Result<std::string> take() {
    const auto status = parser_.get().result_int();
    if (status != 200) return unavailable("net.https.status", std::to_string(status));
    return std::move(parser_.get().body());
  }

 private:
  static Error refusal(boost::beast::error_code error) {
    const bool large = error == http::error::body_limit || error == http::error::header_limit;
    return {ErrorKind::peerMisbehaved, large ? "net.https.too_large" : "net.https.malformed", error.message()};
  }

  http::response_parser<http::string_body> parser_;
  std::string pending_;  // what the parser wants to see again with more behind it
};

}  // namespace

std::optional<HttpsUrl> HttpsUrl::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  text = text.substr(0, text.find('#'));
  const auto path = std::min(text.find_first_of("/?"), text.size());
  const auto authority = text.substr(0, path);
  HttpsUrl url;
  url.target = text.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  if (has_port) {
    const auto port = parseUnsigned(authority.substr(colon + 1), 1, 65'535);
    if (!port) return std::nullopt;
    url.port = static_cast<std::uint16_t>(*port);
  }
  url.host = authority.substr(0, has_port ? colon : authority.size());
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7F; });
  if (!plain || url.host.empty() || url.host.find('@') != std::string::npos) return std::nullopt;
  return url;
}

class HttpsGet::Impl final : private TlsHandler {
 public:
  Impl(Loop& loop, Resolver& resolver, HttpsUrl url, std::shared_ptr<const crypto::TlsClientContext> context,
       const HttpsLimits& limits, Done done)
      : loop_(loop),
        resolver_(resolver),
        url_(std::move(url)),
        context_(std::move(context)),
        answer_(limits),
        done_(std::move(done)),
        families_(reachableFamilies()) {
    deadline_ = loop_.schedule(limits.whole, [this] { finish(unavailable("net.https.timeout", url_.host)); });
    const auto address = IpAddress::parse(url_.host);
    if (address) addresses_.push_back({*address, url_.port});
    lookUp(address ? families_.size() : 0);
  }

 private:
  // Of one family after the other, in the order they are preferred.
  void lookUp(std::size_t family) {
    if (family == families_.size()) {
      if (!addresses_.empty()) return dial();
      return finish(failed_lookup_.value_or(unavailable("net.https.no_address", url_.host)));
    }
    const auto type = families_[family] == IpAddress::Family::v6 ? DnsType::aaaa : DnsType::a;
    lookup_ = resolver_.ask({url_.host, type}, [this, family](const Result<DnsAnswer>& answer) {
      if (!answer) failed_lookup_ = answer.error();
      if (answer) {
        for (const auto& address : answer->addresses) addresses_.push_back({address, url_.port});
      }
      lookUp(family + 1);
    });
  }

  void dial() {
    dial_ = Dial::start(loop_, {std::move(addresses_), context_}, {}, [this](auto result) {
      if (!result) return finish(std::move(result).error());
      connection_ = *std::move(result);
      connection_->setHandler(*this);
      const auto port = url_.port == 443 ? std::string{} : ":" + std::to_string(url_.port);
      (void)connection_->send("GET " + url_.target + " HTTP/1.1\r\nHost: " + url_.host + port +
                              "\r\nAccept: application/jwk-set+json, application/json\r\nAccept-Encoding: identity\r\n"
                              "User-Agent: Sallyport\r\nConnection: close\r\n\r\n");
    });
  }

  void onBytes(std::string_view bytes) override {
    if (finished_) return;
    const auto whole = answer_.put(bytes);
    if (!whole) return finish(whole.error());
    if (*whole) finish(answer_.take());
  }
  void onClosed(const Error& reason) override {
    if (finished_) return;
    // Without the close_notify anybody may have cut it short.
    const bool said = std::string_view{reason.code} == "tls.closed";
    if (said && answer_.end()) return finish(answer_.take());
    finish(unavailable(said ? "net.https.truncated" : reason.code, reason.detail));
  }

  // The last thing that is done here: `done_` may let this go.
  void finish(Result<std::string> result) {
    finished_ = true;
    deadline_ = {};
    lookup_.cancel();
    auto done = std::move(done_);
    done(std::move(result));
  }

  Loop& loop_;
  Resolver& resolver_;
  const HttpsUrl url_;
  const std::shared_ptr<const crypto::TlsClientContext> context_;
  Answer answer_;
  Done done_;
  const std::vector<IpAddress::Family> families_;
  std::vector<Endpoint> addresses_;
  std::optional<Error> failed_lookup_;
  Resolver::Lookup lookup_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<TlsConnection> connection_;
  TimerHandle deadline_;
  bool finished_ = false;
};

std::unique_ptr<HttpsGet> HttpsGet::start(Loop& loop, Resolver& resolver, HttpsUrl url,
                                          std::shared_ptr<const crypto::TlsClientContext> context,
                                          const HttpsLimits& limits, Done done) {
  return std::unique_ptr<HttpsGet>{new HttpsGet{
      std::make_unique<Impl>(loop, resolver, std::move(url), std::move(context), limits, std::move(done))}};
}

HttpsGet::HttpsGet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpsGet::~HttpsGet() = default;

}  // namespace sallyport::net
