// SPDX-License-Identifier: Apache-2.0
// [web_listener], and what it shares with every listener that has a certificate.
#include <algorithm>

#include "config/section_readers.h"

namespace sallyport::config {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

void readCertificates(TableReader& table, KeyPair& ecdsa, std::optional<KeyPair>& rsa) {
  table.require("certificate", "certificate = \"edge.pem\": the chain, leaf first");
  table.require("key", "key = \"edge.key\"");
  table.path("certificate", ecdsa.certificate);
  table.path("key", ecdsa.key);
  KeyPair second;
  table.path("rsa_certificate", second.certificate);
  table.path("rsa_key", second.key);
  if (second.certificate.empty() != second.key.empty()) {
    table.problems().error(table.placeOf(second.key.empty() ? "rsa_certificate" : "rsa_key"), "config.key.missing",
                           "'rsa_certificate' and 'rsa_key' in " + table.label() + " go together");
  } else if (!second.key.empty()) {
    rsa = second;
  }
}

void readMediaAddresses(TableReader& table, std::string_view key, std::vector<IpAddress>& out) {
  table.list(key, out, IpAddress::parse, "an IP address");
  const auto v4 = std::count_if(out.begin(), out.end(), [](const IpAddress& each) { return each.isV4(); });
  if (v4 <= 1 && out.size() - static_cast<std::size_t>(v4) <= 1) return;
  table.problems().error(
      table.placeOf(key), "config.conflict",
      "'" + std::string{key} + "' in " + table.label() + " takes one IPv4 and one IPv6 address at most");
  out.clear();
}

void readMediaAdvertise(TableReader& table, MediaAdvertise& out) {
  std::vector<IpAddress> addresses;
  readMediaAddresses(table, "media_advertise", addresses);
  for (const auto& address : addresses) {
    if (!address.isUnspecified()) {
      (address.isV4() ? out.v4 : out.v6) = address;
      continue;
    }
    table.problems().error(
        table.placeOf("media_advertise"), "config.conflict",
        "'media_advertise' in " + table.label() + " names " + address.toString() + ", which nobody can reach");
  }
}

void readWebListener(TableReader& table, WebListener& listener) {
  table.require("address", "address = \"0.0.0.0:443\"");
  table.parsed("address", listener.address, Endpoint::parse, kAddressForm);
  readCertificates(table, listener.ecdsa, listener.rsa);
  table.parsed("advertise", listener.advertise, parseHostPort, kHostPortForm);
  readMediaAdvertise(table, listener.media_advertise);
  table.list("authentication", listener.authentication, parseProofs, kProofsForm);
  table.list("origins", listener.origins, parseOrigin, "\"https://\" and a host, with its port unless that is 443");
  table.choice("without_origin", listener.without_origin, kWithoutOrigin);
  Path phone;
  table.path("phone", phone);
  if (!phone.empty()) listener.phone = phone;
  table.parsed("title", listener.title, boundedText, "up to 256 bytes of plain text");
  table.list("ice_servers", listener.ice_servers, parseStunUrl, "\"stun:\" and a host");
  table.flag("relay_only", listener.relay_only);
  table.choice("tls", listener.tls, kTlsFloors);
  table.number("max_connections", listener.max_connections, 1, 1'000'000);
  table.number("connections_per_source", listener.connections_per_source, 1, 1'000'000);
  table.duration("handshake_timeout", listener.handshake_timeout, Milliseconds{100}, minutes{1});
  table.duration("first_byte_timeout", listener.first_byte_timeout, Milliseconds{100}, minutes{5});
  table.duration("request_timeout", listener.request_timeout, Milliseconds{100}, minutes{1});
  table.duration("idle_timeout", listener.idle_timeout, minutes{1}, hours{24});
  table.number("handshakes_per_source", listener.handshakes_per_source, 1, 1'000'000);
}

}  // namespace sallyport::config
