// SPDX-License-Identifier: Apache-2.0
// The one place that Beast is compiled in.
#include "net/http_request.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <exception>

namespace sallyport::net {
namespace {

namespace http = boost::beast::http;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equalWithoutCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

unsigned judged(const http::request_parser<http::empty_body>& parser, const HttpRequest& request) {
  const auto& message = parser.get();
  if (message.method() != http::verb::get && message.method() != http::verb::head) return 405;
  if (parser.chunked() || parser.content_length().value_or(0) > 0) return 413;
  if (message.version() >= 11 && message.count(http::field::host) != 1) return 400;  // RFC 9112 3.2
  return request.path.empty() || request.path.front() != '/' ? 400 : 0;
}

HttpRead readWithBeast(std::string_view input, std::size_t header_limit) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(header_limit));
  parser.body_limit(0);
  boost::beast::error_code error;
  const auto used = parser.put(boost::asio::buffer(input.data(), input.size()), error);
  HttpRead read;
  if (error == http::error::need_more || (!error && !parser.is_header_done())) return read;
  read.progress = HttpRead::Progress::complete;
  if (error) {
    read.refusal = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
    return read;
  }
  const auto& message = parser.get();
  auto& request = read.request;
  read.size = used;
  request.method = message.method() == http::verb::head ? HttpRequest::Method::head : HttpRequest::Method::get;
  request.after = parser.keep_alive() ? HttpRequest::After::keep : HttpRequest::After::close;
  const auto target = message.target();
  request.path.assign(target.data(), std::min(target.find('?'), target.size()));
  for (const auto& field : message) {
    std::string name{field.name_string().data(), field.name_string().size()};
    std::transform(name.begin(), name.end(), name.begin(), lower);
    request.fields.emplace_back(std::move(name), std::string{field.value().data(), field.value().size()});
  }
  read.refusal = judged(parser, request);
  return read;
}

}  // namespace

std::optional<std::string_view> HttpRequest::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.first == name; });
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const auto& each) { return each.first == name; }));
}

bool HttpRequest::lists(std::string_view name, std::string_view value) const {
  for (const auto& [known, list] : fields) {
    if (known != name) continue;
    for (std::string_view rest = list; !rest.empty();) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (equalWithoutCase(trimmed(rest.substr(0, comma)), value)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

// Beast reports by error code, and its containers may throw all the same.
HttpRead readHttpRequest(std::string_view input, std::size_t header_limit) {
  try {
    return readWithBeast(input, header_limit);
  } catch (const std::exception&) {
    HttpRead read;
    read.progress = HttpRead::Progress::complete;
    read.refusal = 400;
    return read;
  }
}

std::string_view httpReason(unsigned status) {
  const auto phrase = http::obsolete_reason(static_cast<http::status>(status));
  return {phrase.data(), phrase.size()};
}

}  // namespace sallyport::net
