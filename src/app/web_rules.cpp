// SPDX-License-Identifier: Apache-2.0
#include "app/web_rules.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fstream>

namespace sallyport::app {
namespace {

namespace json = boost::json;

constexpr std::uintmax_t kLargestFile = 8 * 1'024 * 1'024;
constexpr std::uint16_t kHttps = 443;
constexpr std::string_view kFolder = "/phone/";

struct PhoneFile {
  std::string_view name;
  std::string_view path;
  std::string_view content_type;
};
constexpr std::array kPhoneFiles{PhoneFile{"index.html", "", "text/html; charset=utf-8"},
                                 PhoneFile{"phone.js", "phone.js", "text/javascript; charset=utf-8"},
                                 PhoneFile{"phone.css", "phone.css", "text/css; charset=utf-8"},
                                 PhoneFile{"icon.svg", "icon.svg", "image/svg+xml"}};

Error misconfigured(const char* code, std::string detail) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

Result<std::string> contentOf(const config::Path& file) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(file, failure);
  if (failure) return misconfigured("app.web.file", file.string() + ": " + failure.message());
  if (size > kLargestFile) return misconfigured("app.web.file", file.string() + " is too large for a page");
  std::ifstream stream{file, std::ios::binary};
  std::string content(static_cast<std::size_t>(size), '\0');
  if (!stream.read(content.data(), static_cast<std::streamsize>(content.size())))
    return misconfigured("app.web.file", file.string() + " can not be read");
  return content;
}

Result<net::HttpFields> headersOf(const config::Path& folder) {
  const auto file = folder / "headers.json";
  SP_ASSIGN(const auto text, contentOf(file));
  boost::system::error_code failure;
  const auto parsed = json::parse(text, failure);
  if (failure || !parsed.is_object()) return misconfigured("app.web.headers", file.string() + " is no JSON object");
  net::HttpFields fields;
  for (const auto& [name, value] : parsed.as_object()) {
    if (!value.is_string()) return misconfigured("app.web.headers", file.string() + ": " + std::string{name});
    fields.emplace_back(std::string{name}, std::string{value.as_string()});
  }
  return fields;
}

std::string phoneConfig(const config::Config& config) {
  const auto& web = *config.web_listener;
  json::object out{{"domain", config.devices ? config.devices->domain : config.edge.domains.front()}, {"sip", "/sip"}};
  if (!web.title.empty()) out["title"] = web.title;
  if (config.registrar.enabled) out["registration_seconds"] = config.registrar.default_expires.count();
  if (!web.ice_servers.empty()) {
    out["ice_servers"] =
        json::array{json::object{{"urls", json::array(web.ice_servers.begin(), web.ice_servers.end())}}};
  }
  if (web.relay_only) out["relay_only"] = true;
  return json::serialize(out);
}

Result<net::WebSite> phoneSite(const config::Config& config) {
  const auto& folder = *config.web_listener->phone;
  SP_ASSIGN(const auto headers, headersOf(folder));
  std::vector<net::WebFile> files;
  for (const auto& file : kPhoneFiles) {
    SP_ASSIGN(auto content, contentOf(folder / file.name));
    files.push_back(
        {std::string{kFolder}.append(file.path), std::string{file.content_type}, std::move(content), headers});
  }
  auto fresh = headers;
  std::erase_if(fresh, [](const auto& field) { return field.first == "Cache-Control"; });
  fresh.emplace_back("Cache-Control", "no-store");
  files.push_back({std::string{kFolder} + "config.json", "application/json", phoneConfig(config), std::move(fresh)});
  return net::WebSite::make(std::move(files));
}

// As a browser writes it (RFC 6454 6.2).
std::string ownOrigin(const config::Config& config) {
  auto name = webName(config);
  const auto standard = ":" + std::to_string(kHttps);
  if (name.ends_with(standard)) name.resize(name.size() - standard.size());
  return "https://" + name;
}

}  // namespace

std::string webName(const config::Config& config) {
  if (!config.web_listener) return {};
  const auto& listener = *config.web_listener;
  const auto port = ":" + std::to_string(listener.address.port);
  if (listener.advertise)
    return listener.advertise->port ? listener.advertise->toString() : listener.advertise->host + port;
  const auto& address = listener.address.address;
  return (address.isUnspecified() ? config.edge.domains.front() : hostText(address)) + port;
}

Result<std::shared_ptr<const net::WebRules>> webRules(const config::Config& config) {
  if (!config.web_listener) return std::shared_ptr<const net::WebRules>{};
  const auto& listener = *config.web_listener;
  auto rules = std::make_shared<net::WebRules>();
  if (listener.phone) {
    SP_ASSIGN(rules->site, phoneSite(config));
  }
  rules->origins = listener.origins;
  if (rules->origins.empty()) rules->origins.push_back(ownOrigin(config));
  if (listener.without_origin == config::WithoutOrigin::admit)
    rules->without_origin = net::WebRules::WithoutOrigin::admit;
  return std::shared_ptr<const net::WebRules>{std::move(rules)};
}

}  // namespace sallyport::app
