// SPDX-License-Identifier: Apache-2.0
#include "config/sections.h"

#include <algorithm>

#include "config/table_reader.h"

namespace sallyport::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array kTiers{Choice<Tier>{"strict", Tier::strict}, Choice<Tier>{"compatible", Tier::compatible}};
constexpr std::array kCodecs{Choice<Codec>{"opus", Codec::opus}, Choice<Codec>{"PCMU", Codec::pcmu},
                             Choice<Codec>{"PCMA", Codec::pcma}};
constexpr std::array kUsages{Choice<KeyUsage>{"any", KeyUsage::any}, Choice<KeyUsage>{"client", KeyUsage::client},
                             Choice<KeyUsage>{"server", KeyUsage::server}};
constexpr std::array kModes{Choice<RuleMode>{"off", RuleMode::off}, Choice<RuleMode>{"shadow", RuleMode::shadow},
                            Choice<RuleMode>{"enforce", RuleMode::enforce}};
constexpr std::array kDisclosures{Choice<Disclosure>{"respect-privacy", Disclosure::respectPrivacy},
                                  Choice<Disclosure>{"always", Disclosure::always},
                                  Choice<Disclosure>{"never", Disclosure::never}};
constexpr std::array kLevels{Choice<LogLevel>{"debug", LogLevel::debug}, Choice<LogLevel>{"info", LogLevel::info},
                             Choice<LogLevel>{"notice", LogLevel::notice},
                             Choice<LogLevel>{"warning", LogLevel::warning},
                             Choice<LogLevel>{"error", LogLevel::error}};

constexpr std::string_view kAddressForm = "an address with a port such as \"192.0.2.1:5061\" or \"[2001:db8::1]:5061\"";
constexpr std::string_view kHostForm = "a domain name or an address";
constexpr std::string_view kUserForm = "a user (\"alice\"), a prefix (\"+49*\") or \"*\"";

std::optional<std::string> anyText(std::string_view text) { return std::string{text}; }

std::optional<std::string> sipIdentity(std::string_view text) {
  if (!isSipIdentity(text)) return std::nullopt;
  return std::string{text};
}

class SectionReader {
 public:
  SectionReader(const Node& root, const Path& folder, Config& config, Problems& problems)
      : root_(root, "the file", folder, problems), folder_(folder), config_(config), problems_(problems) {}

  void read() {
    single("edge", [&](TableReader& table) { readEdge(table); });
    each("listener", [&](TableReader& table) { readListener(table); });
    single("media", [&](TableReader& table) { readMedia(table); });
    each("trust", [&](TableReader& table) { readTrust(table); });
    if (root_.take("devices") != nullptr) single("devices", [&](TableReader& table) { readDevices(table); });
    each("peer", [&](TableReader& table) { readPeer(table); });
    each("route", [&](TableReader& table) { readRoute(table); });
    single("guard", [&](TableReader& table) { readGuard(table); });
    single("sip", [&](TableReader& table) { readSip(table); });
    single("telemetry", [&](TableReader& table) { readTelemetry(table); });
    root_.finish();
  }

 private:
  template <typename Read>
  void single(std::string_view section, Read read) {
    static const Node kAbsent;
    const auto* node = root_.take(section, Node::Kind::table);
    readTable(node == nullptr ? kAbsent : *node, "[" + std::string{section} + "]", read);
  }

  template <typename Read>
  void each(std::string_view section, Read read) {
    const auto header = "[[" + std::string{section} + "]]";
    const auto* node = root_.take(section);
    if (node == nullptr) return;
    const bool tables = node->kind == Node::Kind::array &&
                        std::all_of(node->children.begin(), node->children.end(),
                                    [](const Node& child) { return child.kind == Node::Kind::table; });
    if (!tables) {
      problems_.error(node->key_place, "config.type", "'" + std::string{section} + "' is a list of tables",
                      "begin each with " + header);
      return;
    }
    for (std::size_t i = 0; i < node->children.size(); ++i) {
      const auto& child = node->children[i];
      const auto* name = child.find("name");
      const bool named = name != nullptr && name->kind == Node::Kind::text && isName(name->text);
      readTable(child, header + (named ? " '" + name->text + "'" : " number " + std::to_string(i + 1)), read);
    }
  }

  template <typename Read>
  void readTable(const Node& node, std::string label, Read read) {
    TableReader table{node, std::move(label), folder_, problems_};
    read(table);
    table.finish();
  }

  void readEdge(TableReader& table) {
    auto& edge = config_.edge;
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

  void readListener(TableReader& table) {
    auto& listener = config_.listeners.emplace_back();
    table.require("name", "name = \"public\": how logs and metrics call it");
    table.require("address", "address = \"0.0.0.0:5061\"");
    table.require("certificate", "certificate = \"edge.pem\": the chain, leaf first");
    table.require("key", "key = \"edge.key\"");
    table.name("name", listener.name);
    table.parsed("address", listener.address, Endpoint::parse, kAddressForm);
    table.path("certificate", listener.ecdsa.certificate);
    table.path("key", listener.ecdsa.key);
    KeyPair rsa;
    table.path("rsa_certificate", rsa.certificate);
    table.path("rsa_key", rsa.key);
    if (rsa.certificate.empty() != rsa.key.empty()) {
      problems_.error(table.placeOf(rsa.key.empty() ? "rsa_certificate" : "rsa_key"), "config.key.missing",
                      "'rsa_certificate' and 'rsa_key' in " + table.label() + " go together");
    } else if (!rsa.key.empty()) {
      listener.rsa = rsa;
    }
    table.parsed("advertise", listener.advertise, parseHostPort, "a host with an optional port");
    table.number("max_connections", listener.max_connections, 1, 1'000'000);
    table.duration("handshake_timeout", listener.handshake_timeout, Milliseconds{100}, minutes{1});
    table.duration("first_byte_timeout", listener.first_byte_timeout, Milliseconds{100}, minutes{5});
    table.duration("idle_timeout", listener.idle_timeout, seconds{1}, hours{24});
    table.number("handshakes_per_source", listener.handshakes_per_source, 1, 1'000'000);
  }

  // One address per family; a second one of the same family is a mistake.
  void readMediaAddresses(TableReader& table, std::string_view key, std::vector<IpAddress>& out) {
    table.list(key, out, IpAddress::parse, "an IP address");
    const auto v4 = std::count_if(out.begin(), out.end(), [](const IpAddress& each) { return each.isV4(); });
    if (v4 <= 1 && out.size() - static_cast<std::size_t>(v4) <= 1) return;
    problems_.error(table.placeOf(key), "config.conflict",
                    "'" + std::string{key} + "' in " + table.label() + " takes one IPv4 and one IPv6 address at most");
    out.clear();
  }

  void readMedia(TableReader& table) {
    auto& media = config_.media;
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
        problems_.error(table.placeOf("advertise"), "config.conflict",
                        "'advertise' in [media] names " + address.toString() +
                            (bound ? ", which nobody can reach" : ", but 'address' has none of that family"));
      }
    }
    std::pair range{media.first_port, media.last_port};
    table.parsed("port_range", range, parsePortRange, "a range such as \"20000-29999\"");
    std::tie(media.first_port, media.last_port) = range;
    table.duration("timeout", media.timeout, seconds{5}, hours{1});
    table.number("dscp", media.dscp, 0, 63);
  }

  void readTrust(TableReader& table) {
    auto& trust = config_.trusts.emplace_back();
    table.require("name", "name = \"private\": what a [[peer]] refers to");
    table.require("anchors", "anchors = \"ca.pem\": the certificates of the CAs that vouch");
    table.name("name", trust.name);
    table.path("anchors", trust.anchors);
    Path crl;
    table.path("crl", crl);
    if (!crl.empty()) trust.crl = crl;
  }

  void readPolicy(TableReader& table, Policy& policy) {
    table.choice("tier", policy.tier, kTiers);
    for (const auto& suite : kSuites) {
      if (suite.aead || policy.tier == Tier::compatible) policy.suites.emplace_back(suite.name);
    }
    static constexpr auto kNames = [] {
      std::array<Choice<std::string_view>, kSuites.size()> names;
      for (std::size_t i = 0; i < kSuites.size(); ++i) names[i] = {kSuites[i].name, kSuites[i].name};
      return names;
    }();
    std::vector<std::string_view> chosen;
    table.choices("suites", chosen, kNames);
    if (!chosen.empty()) policy.suites.assign(chosen.begin(), chosen.end());
    table.choices("codecs", policy.codecs, kCodecs);
    unsigned max_calls = 0;
    table.number("max_calls", max_calls, 1, 1'000'000);
    if (max_calls > 0) policy.max_calls = max_calls;
    double call_rate = 0;
    table.real("call_rate", call_rate, 0.01, 100'000);
    if (call_rate > 0) policy.call_rate = call_rate;
  }

  void readDevices(TableReader& table) {
    auto& devices = config_.devices.emplace();
    table.require("trust", "trust = \"private\": the [[trust]] whose CA enrols the devices");
    table.require("domain", "domain = \"example.org\": the domain in their uri:sip:user@domain names");
    table.name("trust", devices.trust);
    table.parsed("domain", devices.domain, parseHost, kHostForm);
    readPolicy(table, devices.policy);
  }

  void readPeer(TableReader& table) {
    auto& peer = config_.peers.emplace_back();
    table.require("name", "name = \"core\": what a [[route]] refers to");
    table.require("identities", "identities = [\"dns:core.example\"]: the names its certificate must carry");
    table.require("trust", "trust = \"private\": the [[trust]] whose CA vouches for it");
    table.name("name", peer.name);
    table.list("identities", peer.identities, parseIdentity,
               "\"dns:core.example\", \"uri:sip:user@example.org\" or \"ip:192.0.2.1\"");
    table.name("trust", peer.trust);
    table.choice("eku", peer.eku, kUsages);
    table.parsed("address", peer.address, Endpoint::parse, kAddressForm);
    for (const auto& identity : peer.identities) {
      if (identity.kind == IdentityKind::dns && peer.server_name.empty()) peer.server_name = identity.value;
    }
    table.parsed("server_name", peer.server_name, parseHost, kHostForm);
    readPolicy(table, peer.policy);
    table.list("networks", peer.networks, IpNetwork::parse, "an address block such as \"192.0.2.0/24\"");
    table.flag("wildcard", peer.wildcard);
    table.parsed("asserted_identity", peer.asserted_identity, sipIdentity, "\"sip:number@domain\"");
    table.choice("disclosure", peer.disclosure, kDisclosures);
  }

  void readRoute(TableReader& table) {
    auto& route = config_.routes.emplace_back();
    table.require("user", "user = \"*\" takes every user");
    table.require("to", "to = \"core\": the [[peer]] to call");
    table.parsed("user", route.user, parseUserPattern, kUserForm);
    table.parsed("domain", route.domain, parseHost, kHostForm);
    table.name("from_peer", route.from_peer);
    RouteTarget target;
    table.name("to", target.peer);
    if (!target.peer.empty()) route.to.push_back(std::move(target));
  }

  void readRate(TableReader& guard, std::string_view key, RateRule& rule) {
    const auto* node = guard.take(key, Node::Kind::table);
    if (node == nullptr) return;
    readTable(*node, "[guard] " + std::string{key}, [&](TableReader& table) {
      table.choice("mode", rule.mode, kModes);
      table.real("calls_per_second", rule.calls_per_second, 0.01, 100'000);
      table.number("burst", rule.burst, 1, 1'000'000);
    });
  }

  void readConcurrency(TableReader& guard, std::string_view key, ConcurrencyRule& rule) {
    const auto* node = guard.take(key, Node::Kind::table);
    if (node == nullptr) return;
    readTable(*node, "[guard] " + std::string{key}, [&](TableReader& table) {
      table.choice("mode", rule.mode, kModes);
      table.number("max_concurrent", rule.max_concurrent, 1, 10'000'000);
    });
  }

  void readGuard(TableReader& table) {
    auto& guard = config_.guard;
    table.choice("peer_known", guard.peer_known, kModes);
    table.choice("method", guard.method, kModes);
    table.choice("domain", guard.domain, kModes);
    table.list("methods", guard.methods, anyText, "text");
    readRate(table, "source_call_rate", guard.source_call_rate);
    readRate(table, "identity_call_rate", guard.identity_call_rate);
    readConcurrency(table, "source_concurrency", guard.source_concurrency);
    readConcurrency(table, "identity_concurrency", guard.identity_concurrency);
    readConcurrency(table, "peer_concurrency", guard.peer_concurrency);
  }

  void readSip(TableReader& table) {
    auto& sip = config_.sip;
    table.duration("t1", sip.t1, Milliseconds{10}, seconds{10});
    table.duration("t2", sip.t2, Milliseconds{10}, minutes{1});
    table.duration("t4", sip.t4, Milliseconds{10}, minutes{1});
    readSeconds(table, "session_expires", sip.session_expires);
    readSeconds(table, "min_se", sip.min_se);
    table.number("max_forwards", sip.max_forwards, 1, 255);
    table.duration("invite_timeout", sip.invite_timeout, seconds{5}, minutes{30});
    table.number("max_message_bytes", sip.max_message_bytes, 2'048, 1'048'576);
  }

  // RFC 4028 4: 90 seconds is the smallest interval a session may be refreshed at.
  static void readSeconds(TableReader& table, std::string_view key, seconds& out) {
    Milliseconds value = out;
    table.duration(key, value, seconds{90}, hours{24});
    out = std::chrono::duration_cast<seconds>(value);
  }

  void readTelemetry(TableReader& table) {
    auto& telemetry = config_.telemetry;
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
    telemetry.cdr = config_.edge.state_dir / "cdr.sqlite";
    table.path("cdr", telemetry.cdr);
  }

  TableReader root_;
  const Path& folder_;
  Config& config_;
  Problems& problems_;
};

}  // namespace

void readSections(const Node& root, const Path& folder, Config& config, Problems& problems) {
  SectionReader{root, folder, config, problems}.read();
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
