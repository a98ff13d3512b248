// SPDX-License-Identifier: Apache-2.0
#include "sip/received.h"

#include "sip/header_values.h"

namespace sallyport::sip {
namespace {

// The host of host[:port], as an address when it is one.
std::optional<IpAddress> hostAddress(std::string_view sent_by) {
  const auto bracket = sent_by.rfind(']');
  const auto colon = sent_by.rfind(':');
  const bool port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return IpAddress::parse(port ? sent_by.substr(0, colon) : sent_by);
}

// Cuts ";name" or ";name=value" out of what the client wrote; Via refuses it twice.
void take(std::string& params, std::string_view name) {
  for (std::size_t at = params.find(';'); at != std::string::npos; at = params.find(';', at + 1)) {
    std::size_t end = at + 1;
    for (bool quoted = false; end < params.size() && (quoted || params[end] != ';'); ++end) {
      if (params[end] == '"') quoted = !quoted;
      if (params[end] == '\\' && quoted) ++end;
    }
    const auto param = std::string_view{params}.substr(at + 1, end - at - 1);
    const auto first = param.find_first_not_of(" \t");
    const auto last = std::min(param.find_first_of(" \t=", first), param.size());
    if (first != std::string_view::npos && equalsIgnoringCase(param.substr(first, last - first), name)) {
      params.erase(at, end - at);
      return;
    }
    at = end - 1;
  }
}

}  // namespace

std::optional<std::string> withReceived(const Message& request, const Endpoint& source) {
  const auto& via = request.topmostVia();
  const bool asked = via.params.has("rport");
  const bool elsewhere = hostAddress(via.sent_by) != source.address;
  if (!asked && !elsewhere && !via.params.has("received")) return std::nullopt;
  const auto bytes = request.bytes();
  const auto begin = static_cast<std::size_t>(via.sent_by.data() + via.sent_by.size() - bytes.data());
  auto params = std::string{via.params.text()};
  const auto length =
      params.empty() ? 0 : static_cast<std::size_t>(via.params.text().data() - bytes.data()) + params.size() - begin;
  if (!params.empty()) params.insert(0, ";");
  take(params, "received");
  take(params, "rport");
  if (elsewhere || asked) params += ";received=" + source.address.toString();
  if (asked) params += ";rport=" + std::to_string(source.port);
  return std::string{bytes.substr(0, begin)}.append(params).append(bytes.substr(begin + length));
}

}  // namespace sallyport::sip
