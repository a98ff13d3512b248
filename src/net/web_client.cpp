// SPDX-License-Identifier: Apache-2.0
#include "net/web_client.h"

#include <algorithm>

namespace sallyport::net {
namespace {

constexpr std::string_view kHeaderEnd = "\r\n\r\n";
constexpr std::size_t kChunk = 128 * 1'024;  // of a file at once: between the two water marks of a connection

const char* codeFor(unsigned status) {
  switch (status) {
    case 404: return "net.http.not_found";
    case 405: return "net.http.method";
    case 413: return "net.http.body";
    case 431: return "net.http.too_large";
    default: return "net.http.malformed";
  }
}

}  // namespace

WebClient::WebClient(std::unique_ptr<TlsConnection> connection, Owner& owner)
    : connection_(std::move(connection)), owner_(owner), remote_(connection_->remote()) {
  connection_->setHandler(*this);
}

void WebClient::enter(State state) {
  state_ = state;
  connection_->messageComplete();
  switch (state) {
    case State::waiting: return connection_->messageBegun(owner_.limits().idle);
    case State::reading: return connection_->messageBegun(owner_.limits().request);
    case State::replying: return connection_->messageBegun(owner_.limits().reply);
    case State::over: return;
  }
}

void WebClient::onBytes(std::string_view bytes) {
  if (state_ == State::over) return;
  if (state_ == State::waiting) enter(State::reading);
  const auto limit = owner_.limits().header_bytes;
  if (input_.size() + bytes.size() > limit) {
    if (state_ == State::replying) return connection_->close({ErrorKind::peerMisbehaved, codeFor(431), "pipelined"});
    return refuse({431, codeFor(431), "more than " + std::to_string(limit) + " bytes"}, HttpRequest::After::close);
  }
  input_.append(bytes);
  serve();
}

// Beast is asked only once a header is whole: what trickles in is looked at once.
void WebClient::serve() {
  while (state_ == State::reading) {
    const auto end = input_.find(kHeaderEnd, scanned_ < kHeaderEnd.size() ? 0 : scanned_ - kHeaderEnd.size() + 1);
    if (end == std::string::npos) {
      scanned_ = input_.size();
      return;
    }
    const auto size = end + kHeaderEnd.size();
    const auto read = readHttpRequest(std::string_view{input_}.substr(0, size), owner_.limits().header_bytes);
    input_.erase(0, size);
    scanned_ = 0;
    if (read.progress == HttpRead::Progress::incomplete || read.refusal != 0) {
      const auto status = read.refusal == 0 ? 400 : read.refusal;
      HttpFields fields;
      if (status == 405) fields = {{"Allow", "GET, HEAD"}};
      return refuse({status, codeFor(status), {}, std::move(fields)}, HttpRequest::After::close);
    }
    answer(read.request);
  }
}

void WebClient::answer(const HttpRequest& request) {
  if (request.path == owner_.rules().socket_path) return upgrade(request);
  const bool last = ++requests_ >= owner_.limits().requests;
  auto wished = request;
  if (last) wished.after = HttpRequest::After::close;
  auto answer = owner_.rules().site.answer(wished);
  if (answer.status == 404) owner_.onRequestRefused(*this, {ErrorKind::peerDenied, codeFor(404), {}});
  reply(std::move(answer), wished.after);
}

void WebClient::upgrade(const HttpRequest& request) {
  const auto& rules = owner_.rules();
  if (auto refusal = refuseUpgrade(request, rules)) return refuse(*std::move(refusal), HttpRequest::After::close);
  if (!connection_->send(upgradeAnswer(request, rules))) return;  // it is closing
  enter(State::over);
  owner_.onUpgraded(*this, std::move(connection_), std::move(input_));
}

void WebClient::refuse(WebRefusal refusal, HttpRequest::After after) {
  auto answer = bareAnswer(refusal.status, after, refusal.fields);
  owner_.onRequestRefused(*this, {ErrorKind::peerDenied, refusal.code, std::move(refusal.detail)});
  reply(std::move(answer), after);
}

void WebClient::reply(WebAnswer answer, HttpRequest::After after) {
  enter(State::replying);
  after_ = after;
  content_ = std::move(answer.content);
  sent_ = 0;
  if (connection_->send(answer.head)) pump();
}

// A file goes out a piece at a time, the next one when the client has taken the one before.
void WebClient::pump() {
  if (content_) {
    const auto piece = std::string_view{*content_}.substr(sent_, kChunk);
    sent_ += piece.size();
    if (!connection_->send(piece)) return;
    if (sent_ < content_->size()) return;
    content_.reset();
  }
  if (after_ == HttpRequest::After::close) {
    enter(State::over);
    return connection_->close({ErrorKind::unavailable, "net.http.done", "the last request was answered"});
  }
  enter(input_.empty() ? State::waiting : State::reading);
}

void WebClient::onDrained() {
  if (state_ != State::replying || !content_) return;
  pump();
  serve();
}

void WebClient::onClosed(const Error& reason) {
  if (state_ == State::reading && std::string_view{reason.code} == "net.message.timeout") {
    owner_.onRequestRefused(*this, {ErrorKind::peerMisbehaved, "net.http.slow", "a header that does not end"});
  }
  owner_.onGone(*this);
}

}  // namespace sallyport::net
