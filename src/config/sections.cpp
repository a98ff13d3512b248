// SPDX-License-Identifier: Apache-2.0
// The sections that stand for themselves, and the order in which all are read.
#include "config/sections.h"

#include <algorithm>

#include "config/section_readers.h"

namespace sallyport::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kShortestSession{90};  // RFC 4028 4

void readEdge(TableReader& table, Edge& edge) {
  edge.state_dir = "/var/lib/sallyport";
  table.require("domains", "domains = [\"example.org\"]: the SIP domains that are ours");
  table.list("domains", edge.domains, parseHost, kHostForm);
  table.path("state_dir", edge.state_dir);
  table.number("workers", edge.workers, 0, 256);
  table.duration("drain_deadline", edge.drain_deadline, seconds{0}, hours{24});
  edge.control_socket = edge.state_dir / "control.sock";
  table.path("control_socket", edge.control_socket);
  table.name("user", edge.user);
}

void readListener(TableReader& table, Listener& listener) {
  table.require("name", "name = \"public\": how logs and metrics call it");
  table.require("address", "address = \"0.0.0.0:5061\"");
  table.name("name", listener.name);
  table.parsed("address", listener.address, Endpoint::parse, kAddressForm);
  readCertificates(table, listener.ecdsa, listener.rsa);
  table.choice("client_certificate", listener.client_certificate, kClientCertificates);
  table.list("authentication", listener.authentication, parseProofs, kProofsForm);
  table.choice("tls", listener.tls, kTlsFloors);
  table.parsed("advertise", listener.advertise, parseHostPort, kHostPortForm);
  readMediaAdvertise(table, listener.media_advertise);
  table.number("max_connections", listener.max_connections, 1, 1'000'000);
  table.duration("handshake_timeout", listener.handshake_timeout, Milliseconds{100}, minutes{1});
  table.duration("first_byte_timeout", listener.first_byte_timeout, Milliseconds{100}, minutes{5});
  table.duration("idle_timeout", listener.idle_timeout, seconds{1}, hours{24});
  table.number("handshakes_per_source", listener.handshakes_per_source, 1, 1'000'000);
}

void readUnprotectedListener(TableReader& table, UnprotectedListener& listener) {
  table.require("address", "address = \"10.0.0.1:5060\": the one that faces the core");
  table.parsed("address", listener.address, Endpoint::parse, kAddressForm);
  table.parsed("advertise", listener.advertise, parseHostPort, kHostPortForm);
  readMediaAdvertise(table, listener.media_advertise);
  table.number("max_connections", listener.max_connections, 1, 1'000'000);
  table.duration("first_byte_timeout", listener.first_byte_timeout, Milliseconds{100}, minutes{5});
  table.duration("idle_timeout", listener.idle_timeout, seconds{1}, hours{24});
  table.number("connections_per_source", listener.connections_per_source, 1, 1'000'000);
}

void readMedia(TableReader& table, Media& media) {
  table.require("address", "address = \"192.0.2.10\": where voice arrives");
  std::vector<IpAddress> addresses, advertised;
  readMediaAddresses(table, "address", addresses);
  readMediaAddresses(table, "advertise", advertised);
  for (const auto& address : addresses) (address.isV4() ? media.v4 : media.v6) = MediaAddress{address, std::nullopt};
  for (const auto& address : advertised) {
    auto& bound = address.isV4() ? media.v4 : media.v6;
    if (bound && !address.isUnspecified()) {
      bound->advertise = address;
    } else {
      table.problems().error(table.placeOf("advertise"), "config.conflict",
                             "'advertise' in [media] names " + address.toString() +
                                 (bound ? ", which nobody can reach" : ", but 'address' has none of that family"));
    }
  }
  std::pair range{media.first_port, media.last_port};
  table.parsed("port_range", range, parsePortRange, "a range such as \"20000-29999\"");
  std::tie(media.first_port, media.last_port) = range;
  table.duration("timeout", media.timeout, seconds{5}, hours{1});
  table.duration("handshake_timeout", media.handshake_timeout, seconds{1}, minutes{1});
  table.number("dscp", media.dscp, 0, 63);
  table.number("transcoded_calls", media.transcoded_calls, 0, 100'000);
}

void readFirewall(TableReader& table, Firewall& firewall) {
  table.choice("mode", firewall.mode, kFirewallModes);
  table.number("max_pinholes", firewall.max_pinholes, 4, 131'072);
}

void readTrust(TableReader& table, Trust& trust) {
  table.require("name", "name = \"private\": what a [[peer]] refers to");
  table.require("anchors", "anchors = \"ca.pem\": the certificates of the CAs that vouch");
  table.name("name", trust.name);
  table.path("anchors", trust.anchors);
  Path crl;
  table.path("crl", crl);
  if (!crl.empty()) trust.crl = crl;
}

void readTurn(TableReader& table, Turn& turn) {
  table.list("urls", turn.urls, parseTurnUrl, "\"turns:turn.example.org:443?transport=tcp\"");
  table.path("secret_file", turn.secret_file);
  table.duration("lifetime", turn.lifetime, minutes{2}, hours{24});
  if ((table.take("urls") == nullptr) == (table.take("secret_file") == nullptr)) return;
  table.problems().error(table.place(), "config.key.missing", "'urls' and 'secret_file' in [turn] go together");
}

void readSip(TableReader& table, Sip& sip) {
  table.duration("t1", sip.t1, Milliseconds{10}, seconds{10});
  table.duration("t2", sip.t2, Milliseconds{10}, minutes{1});
  table.duration("t4", sip.t4, Milliseconds{10}, minutes{1});
  table.duration("session_expires", sip.session_expires, kShortestSession, hours{24});
  table.duration("min_se", sip.min_se, kShortestSession, hours{24});
  table.number("max_forwards", sip.max_forwards, 1, 255);
  table.duration("invite_timeout", sip.invite_timeout, seconds{5}, minutes{30});
  table.duration("attempt_timeout", sip.attempt_timeout, seconds{1}, minutes{3});
  table.number("max_message_bytes", sip.max_message_bytes, 2'048, 1'048'576);
}

void readTelemetry(TableReader& table, Telemetry& telemetry, const Path& state_dir) {
  std::string log;
  table.text("log", log);
  if (log == "stderr") telemetry.log = LogTarget::standardError;
  if (!log.empty() && log != "stderr" && log != "stdout") {
    telemetry.log = LogTarget::file;
    table.path("log", telemetry.log_file);
  }
  table.choice("level", telemetry.level, kLevels);
  table.number("events_per_second", telemetry.events_per_second, 1, 100'000);
  const auto* metrics = table.take("metrics");
  if (metrics != nullptr && metrics->kind == Node::Kind::text && metrics->text.empty()) {
    telemetry.metrics.reset();
  } else {
    table.parsed("metrics", telemetry.metrics, Endpoint::parse, kAddressForm);
  }
  telemetry.cdr = state_dir / "cdr.sqlite";
  table.path("cdr", telemetry.cdr);
}

class SectionReader {
 public:
  SectionReader(const Node& root, const Reading& reading, Config& config)
      : root_(root, "the file", "", reading), reading_(reading), config_(config) {}

  void read() {
    auto& config = config_;
    single("edge", [&](TableReader& table) { readEdge(table, config.edge); });
    const auto& state_dir = config.edge.state_dir;
    each("listener", [&](TableReader& table) { readListener(table, config.listeners.emplace_back()); });
    if (root_.take("unprotected_listener") != nullptr || reading_.settings != nullptr) {
      single("unprotected_listener",
             [&](TableReader& table) { readUnprotectedListener(table, config.unprotected_listener.emplace()); });
    }
    if (root_.take("web_listener") != nullptr || reading_.settings != nullptr) {
      single("web_listener", [&](TableReader& table) { readWebListener(table, config.web_listener.emplace()); });
    }
    single("media", [&](TableReader& table) { readMedia(table, config.media); });
    single("firewall", [&](TableReader& table) { readFirewall(table, config.firewall); });
    each("trust", [&](TableReader& table) { readTrust(table, config.trusts.emplace_back()); });
    if (root_.take("devices") != nullptr || reading_.settings != nullptr) {
      single("devices", [&](TableReader& table) { readDevices(table, config.devices.emplace()); });
    }
    each("peer", [&](TableReader& table) { readPeer(table, config.peers.emplace_back()); });
    each("route", [&](TableReader& table) { readRoute(table, config.routes.emplace_back()); });
    single("header_policy", [&](TableReader& table) { readHeaderPolicies(table, config.header_policies); });
    single("registrar", [&](TableReader& table) { readRegistrar(table, config.registrar, state_dir); });
    single("turn", [&](TableReader& table) { readTurn(table, config.turn); });
    single("dns", [&](TableReader& table) { readDns(table, config.dns); });
    single("guard", [&](TableReader& table) { readGuard(table, config.guard, config.registrar); });
    single("sip", [&](TableReader& table) { readSip(table, config.sip); });
    single("telemetry", [&](TableReader& table) { readTelemetry(table, config.telemetry, state_dir); });
    root_.finish();
  }

 private:
  template <typename Read>
  void single(std::string_view section, Read read) {
    static const Node kAbsent;
    const auto* node = root_.take(section, Node::Kind::table);
    readTable(node == nullptr ? kAbsent : *node, "[" + std::string{section} + "]", section, read);
  }

  template <typename Read>
  void each(std::string_view section, Read read) {
    const auto header = "[[" + std::string{section} + "]]";
    const auto* node = root_.take(section);
    if (node == nullptr && reading_.settings != nullptr) readTable(Node{}, header, section, read);
    if (node == nullptr) return;
    const bool tables = node->kind == Node::Kind::array &&
                        std::all_of(node->children.begin(), node->children.end(),
                                    [](const Node& child) { return child.kind == Node::Kind::table; });
    if (!tables) {
      reading_.problems.error(node->key_place, "config.type", "'" + std::string{section} + "' is a list of tables",
                              "begin each with " + header);
      return;
    }
    for (std::size_t i = 0; i < node->children.size(); ++i) {
      const auto& child = node->children[i];
      const auto* name = child.find("name");
      const bool named = name != nullptr && name->kind == Node::Kind::text && isName(name->text);
      readTable(child, header + (named ? " '" + name->text + "'" : " number " + std::to_string(i + 1)), section, read);
    }
  }

  template <typename Read>
  void readTable(const Node& node, std::string label, std::string_view section, Read read) {
    TableReader table{node, std::move(label), std::string{section} + ".", reading_};
    read(table);
    table.finish();
  }

  TableReader root_;
  const Reading& reading_;
  Config& config_;
};

}  // namespace

void readSections(const Node& root, const Path& folder, Config& config, Problems& problems) {
  const Reading reading{folder, problems};
  SectionReader{root, reading, config}.read();
}

std::set<std::string> everySetting() {
  std::set<std::string> settings;
  Problems ignored{""};
  Config config;
  const Reading reading{Path{}, ignored, &settings};
  SectionReader{Node{}, reading, config}.read();
  return settings;
}

Place placeIn(const Node& root, std::string_view section, std::size_t index, std::string_view key) {
  const auto* table = root.find(section);
  if (table == nullptr) return {};
  if (table->kind == Node::Kind::array) {
    if (index >= table->children.size()) return table->place;
    table = &table->children[index];
  }
  const auto* value = table->find(key);
  return value == nullptr ? table->place : value->place;
}

}  // namespace sallyport::config
