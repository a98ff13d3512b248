// SPDX-License-Identifier: Apache-2.0
#include "net/web_site.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "crypto/hash.h"

namespace sallyport::net {
namespace {

constexpr std::size_t kTagBytes = 16;  // of the content's SHA-256

Error misconfigured(const char* code, std::string detail) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

// RFC 9110 5.1, 5.5: a token, and visible text.
bool isField(const std::string& name, const std::string& value) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  const auto in_value = [](char c) { return c >= ' ' && c < 0x7f; };
  return !name.empty() && std::all_of(name.begin(), name.end(), in_name) &&
         std::all_of(value.begin(), value.end(), in_value);
}

std::string line(std::string_view name, std::string_view value) {
  return std::string{name}.append(": ").append(value).append("\r\n");
}

std::string etagOf(const std::string& content) {
  const auto digest = crypto::sha256(bytesOf(content));
  return "\"" + crypto::toHex(Bytes{digest}.first(kTagBytes)) + "\"";
}

std::string statusLine(unsigned status) {
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string{httpReason(status)} + "\r\n";
}

std::string_view connection(HttpRequest::After after) {
  return after == HttpRequest::After::close ? "Connection: close\r\n" : "";
}

// RFC 9110 13.1.2, by the weak comparison.
bool isCurrent(const HttpRequest& request, const std::string& etag) {
  return request.lists("if-none-match", etag) || request.lists("if-none-match", "W/" + etag) ||
         request.lists("if-none-match", "*");
}

}  // namespace

WebAnswer bareAnswer(unsigned status, HttpRequest::After after, const HttpFields& fields) {
  auto head = statusLine(status);
  for (const auto& [name, value] : fields) head += line(name, value);
  head.append("Content-Length: 0\r\n").append(connection(after)).append("\r\n");
  return {status, std::move(head)};
}

Result<WebSite> WebSite::make(std::vector<WebFile> files) {
  WebSite site;
  for (auto& file : files) {
    if (!file.path.starts_with('/')) return misconfigured("net.site.path", "'" + file.path + "' is not absolute");
    Page page;
    page.etag = etagOf(file.content);
    file.fields.emplace_back("Content-Type", file.content_type);
    file.fields.emplace_back("ETag", page.etag);
    for (const auto& [name, value] : file.fields) {
      if (!isField(name, value)) return misconfigured("net.site.field", "'" + name + "' of " + file.path);
      page.fields += line(name, value);
    }
    page.content = std::make_shared<const std::string>(std::move(file.content));
    const auto [known, fresh] = site.pages_.emplace(file.path, std::move(page));
    if (!fresh) return misconfigured("net.site.path", known->first + " is there twice");
  }
  return site;
}

WebAnswer WebSite::answer(const HttpRequest& request) const {
  const auto found = pages_.find(request.path);
  if (found == pages_.end()) {
    if (pages_.contains(request.path + "/")) return bareAnswer(308, request.after, {{"Location", request.path + "/"}});
    return bareAnswer(404, request.after);
  }
  const auto& page = found->second;
  if (isCurrent(request, page.etag)) {
    return {304, statusLine(304) + page.fields + std::string{connection(request.after)} + "\r\n"};
  }
  auto head = statusLine(200) + page.fields + line("Content-Length", std::to_string(page.content->size()));
  head.append(connection(request.after)).append("\r\n");
  return {200, std::move(head), request.method == HttpRequest::Method::get ? page.content : nullptr};
}

}  // namespace sallyport::net
