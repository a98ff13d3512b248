// SPDX-License-Identifier: Apache-2.0
#include <sys/un.h>
#include <algorithm>
#include <map>
#include <set>

#include "config/sections.h"
#include "config/text_values.h"

namespace sallyport::config {
namespace {

constexpr std::size_t kPortsPerCall = 4;            // RTP and RTCP, two legs
constexpr std::string_view kDeviceWord = "device";  // how a record calls an enrolled device

class Checker {
 public:
  Checker(const Node& root, const Config& config, Problems& problems)
      : root_(root), config_(config), problems_(problems) {}

  void check() {
    for (const auto& peer : config_.peers) peer_names_.push_back(peer.name);
    for (const auto& trust : config_.trusts) trust_names_.push_back(trust.name);
    checkEdge();
    checkListeners();
    checkMedia();
    checkTrusts();
    checkDevices();
    checkPeers();
    checkRoutes();
    checkGuard();
    checkSip();
    checkTelemetry();
  }

 private:
  Place at(std::string_view section, std::string_view key) const { return placeIn(root_, section, 0, key); }
  Place at(std::string_view section, std::size_t index, std::string_view key) const {
    return placeIn(root_, section, index, key);
  }

  bool ours(const std::string& domain) const {
    const auto& domains = config_.edge.domains;
    return std::find(domains.begin(), domains.end(), domain) != domains.end();
  }

  void dangling(Place place, const std::string& message, const std::string& name,
                const std::vector<std::string_view>& names) {
    const auto near = nearest(name, names);
    problems_.error(place, "config.reference", message, near.empty() ? "" : "did you mean \"" + near + "\"?");
  }

  template <typename Items>
  void checkUniqueNames(std::string_view section, const Items& items) {
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].name.empty()) continue;
      const auto [first, fresh] = seen.emplace(items[i].name, i);
      if (fresh) continue;
      problems_.error(at(section, i, "name"), "config.key.duplicate",
                      "there is already a [[" + std::string{section} + "]] '" + items[i].name + "' at line " +
                          std::to_string(at(section, first->second, "name").line));
    }
  }

  void checkEdge() {
    const auto& edge = config_.edge;
    const auto* domains = root_.find("edge") == nullptr ? nullptr : root_.find("edge")->find("domains");
    if (domains != nullptr && domains->kind == Node::Kind::array && domains->children.empty()) {
      problems_.error(domains->place, "config.value.empty", "'domains' in [edge] names no domain",
                      "without one every call is refused");
    }
    std::set<std::string_view> seen;
    for (const auto& domain : edge.domains) {
      if (!seen.insert(domain).second) {
        problems_.error(at("edge", "domains"), "config.key.duplicate",
                        "'domains' in [edge] names " + domain + " twice");
      }
    }
    if (edge.control_socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
      problems_.error(at("edge", "control_socket"), "config.value.range",
                      "the control socket's path " + edge.control_socket.string() + " is longer than " +
                          std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes",
                      "set 'control_socket' in [edge] to a shorter one");
    }
  }

  static bool collide(const Endpoint& a, const Endpoint& b) {
    if (a.port != b.port || a.port == 0 || a.address.family() != b.address.family()) return false;
    return a.address == b.address || a.address.isUnspecified() || b.address.isUnspecified();
  }

  void checkListeners() {
    const auto& listeners = config_.listeners;
    if (listeners.empty() && root_.find("listener") == nullptr) {
      problems_.error({}, "config.key.missing", "there is no [[listener]]", "without one nobody can reach the edge");
    }
    checkUniqueNames("listener", listeners);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      const auto* written = writtenAt("listener", i, "address");
      if (written == nullptr) continue;
      if (listeners[i].address.port == 0) {
        problems_.advise(written->place, "config.advice.port",
                         "port 0 lets the system pick another port at every start");
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (writtenAt("listener", j, "address") == nullptr) continue;
        if (!collide(listeners[i].address, listeners[j].address)) continue;
        problems_.error(written->place, "config.conflict",
                        listeners[i].address.toString() + " is already taken by [[listener]] '" + listeners[j].name +
                            "' at line " + std::to_string(at("listener", j, "address").line));
      }
    }
  }

  const Node* writtenAt(std::string_view section, std::size_t index, std::string_view key) const {
    const auto* table = root_.find(section);
    if (table == nullptr || table->kind != Node::Kind::array || index >= table->children.size()) return nullptr;
    return table->children[index].find(key);
  }

  void checkMedia() {
    const auto& media = config_.media;
    for (const auto* address : {&media.v4, &media.v6}) {
      if (!*address || !(*address)->announced().isUnspecified()) continue;
      problems_.error(
          at("media", "address"), "config.conflict",
          "'address' in [media] is " + (*address)->bind.toString() + ", which cannot be told to a peer in SDP",
          "name the interface's address, or set 'advertise'");
    }
    const auto place = at("media", "port_range");
    if (media.last_port < media.first_port) {
      problems_.error(place, "config.value.range", "'port_range' in [media] ends before it begins");
      return;
    }
    if (media.first_port < 1024) {
      problems_.error(place, "config.value.range", "'port_range' in [media] must begin at 1024 or above");
    }
    if (media.ports() < kPortsPerCall) {
      problems_.error(place, "config.value.range",
                      "'port_range' in [media] has " + std::to_string(media.ports()) + " ports; one call takes " +
                          std::to_string(kPortsPerCall));
      return;
    }
    unsigned largest = 0;
    for (const auto& peer : config_.peers) largest = std::max(largest, peer.policy.max_calls.value_or(0));
    if (media.ports() / kPortsPerCall < largest) {
      problems_.advise(place, "config.advice.media_ports",
                       "'port_range' in [media] is enough for " + std::to_string(media.ports() / kPortsPerCall) +
                           " calls at once, but a [[peer]] may have " + std::to_string(largest));
    }
  }

  void checkTrusts() {
    checkUniqueNames("trust", config_.trusts);
    for (std::size_t i = 0; i < config_.trusts.size(); ++i) {
      const auto& name = config_.trusts[i].name;
      if (name.empty()) continue;
      const bool used =
          std::any_of(config_.peers.begin(), config_.peers.end(), [&](const Peer& peer) { return peer.trust == name; });
      if (used || (config_.devices && config_.devices->trust == name)) continue;
      problems_.advise(at("trust", i, "name"), "config.advice.unused",
                       "no peer or device uses [[trust]] '" + name + "'");
    }
  }

  void checkTrustReference(Place place, const std::string& label, const std::string& trust) {
    if (trust.empty() || config_.trust(trust) != nullptr) return;
    dangling(place, label + " names trust '" + trust + "', and there is no such [[trust]]", trust, trust_names_);
  }

  void checkPolicy(std::string_view section, std::size_t index, const std::string& label, const Policy& policy) {
    const auto suites = at(section, index, "suites");
    if (policy.tier == Tier::strict) {
      for (const auto& suite : kSuites) {
        const bool listed = std::find(policy.suites.begin(), policy.suites.end(), suite.name) != policy.suites.end();
        if (suite.aead || !listed) continue;
        problems_.error(suites, "config.conflict",
                        label + " lists " + std::string{suite.name} + ", but its tier is strict (AEAD only)",
                        "set tier = \"compatible\"");
      }
    }
    if (std::set<std::string_view>(policy.suites.begin(), policy.suites.end()).size() != policy.suites.size()) {
      problems_.error(suites, "config.key.duplicate", label + " lists a suite twice");
    }
    if (std::set<Codec>(policy.codecs.begin(), policy.codecs.end()).size() != policy.codecs.size()) {
      problems_.error(at(section, index, "codecs"), "config.key.duplicate", label + " lists a codec twice");
    }
    for (const auto key : {"suites", "codecs"}) {
      const auto* table = root_.find(section);
      const auto* written = table == nullptr                   ? nullptr
                            : table->kind == Node::Kind::table ? table->find(key)
                                                               : writtenAt(section, index, key);
      if (written == nullptr || written->kind != Node::Kind::array || !written->children.empty()) continue;
      problems_.error(written->place, "config.value.empty", label + " has an empty list '" + key + "'",
                      "leave the line out for the default");
    }
  }

  void checkDevices() {
    if (!config_.devices) return;
    const auto& devices = *config_.devices;
    checkTrustReference(at("devices", "trust"), "[devices]", devices.trust);
    if (!devices.domain.empty() && !ours(devices.domain)) {
      problems_.error(at("devices", "domain"), "config.reference",
                      "[devices] enrols users of " + devices.domain + ", which is not among 'domains' in [edge]");
    }
    checkPolicy("devices", 0, "[devices]", devices.policy);
  }

  void checkPeers() {
    const auto& peers = config_.peers;
    if (peers.empty() && !config_.devices) {
      problems_.advise({}, "config.advice.nobody", "there is neither a [[peer]] nor [devices]: nobody can connect");
    }
    checkUniqueNames("peer", peers);
    std::map<std::string, std::size_t> owners;
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const auto& peer = peers[i];
      const auto label = "[[peer]] '" + peer.name + "'";
      checkTrustReference(at("peer", i, "trust"), label, peer.trust);
      checkPolicy("peer", i, label, peer.policy);
      checkIdentities(i, label, owners);
      if (peer.name == kDeviceWord) {
        problems_.error(at("peer", i, "name"), "config.value.form", "the name 'device' means the enrolled devices");
      }
      if (peer.address && peer.eku == KeyUsage::client) {
        problems_.error(at("peer", i, "eku"), "config.conflict",
                        label + " is connected to, but its certificate may only be a client's",
                        "use eku = \"any\" or \"server\", or remove 'address'");
      }
      if (peer.address && (peer.address->port == 0 || peer.address->address.isUnspecified())) {
        problems_.error(at("peer", i, "address"), "config.value.form",
                        label + " cannot be reached at " + peer.address->toString());
      }
    }
  }

  void checkIdentities(std::size_t index, const std::string& label, std::map<std::string, std::size_t>& owners) {
    const auto place = at("peer", index, "identities");
    const auto* written = writtenAt("peer", index, "identities");
    if (written != nullptr && written->kind == Node::Kind::array && written->children.empty()) {
      problems_.error(written->place, "config.value.empty", label + " has no identity", "nothing could match it");
    }
    for (const auto& identity : config_.peers[index].identities) {
      const auto [owner, fresh] = owners.emplace(identity.toString(), index);
      if (fresh) continue;
      problems_.error(place, "config.conflict",
                      identity.toString() + " of " + label + " is already an identity of [[peer]] '" +
                          config_.peers[owner->second].name + "'",
                      "one certificate must mean one peer");
    }
  }

  void checkRoutes() {
    const auto& routes = config_.routes;
    if (routes.empty()) {
      problems_.advise({}, "config.advice.no_route", "there is no [[route]]: every call is answered 404");
    }
    std::optional<std::size_t> catch_all;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      const auto& route = routes[i];
      const auto label = "[[route]] number " + std::to_string(i + 1);
      checkRouteTarget(i, label);
      if (!route.from_peer.empty() && route.from_peer != kDeviceWord && config_.peer(route.from_peer) == nullptr) {
        dangling(at("route", i, "from_peer"),
                 label + " is for peer '" + route.from_peer + "', and there is no such [[peer]]", route.from_peer,
                 peer_names_);
      }
      if (!route.domain.empty() && !ours(route.domain)) {
        problems_.error(at("route", i, "domain"), "config.reference",
                        label + " is for " + route.domain + ", which is not among 'domains' in [edge]");
      }
      if (catch_all) {
        problems_.advise(at("route", i, "user"), "config.advice.shadowed",
                         label + " is never reached: the one at line " +
                             std::to_string(at("route", *catch_all, "user").line) + " takes every call");
      } else if (route.user.kind == PatternKind::any && route.domain.empty() && route.from_peer.empty() &&
                 writtenAt("route", i, "user") != nullptr) {
        catch_all = i;
      }
    }
  }

  void checkRouteTarget(std::size_t index, const std::string& label) {
    const auto& targets = config_.routes[index].to;
    if (targets.empty()) return;
    const auto& to = targets.front().peer;
    const auto place = at("route", index, "to");
    const auto* peer = config_.peer(to);
    if (peer == nullptr) {
      dangling(place, label + " leads to peer '" + to + "', and there is no such [[peer]]", to, peer_names_);
    } else if (!peer->address) {
      problems_.advise(place, "config.advice.no_address",
                       label + " leads to peer '" + to + "', which has no 'address' to connect to",
                       "it can be called only while it keeps a connection to the edge");
    }
  }

  void checkGuard() {
    const auto& guard = config_.guard;
    std::set<std::string_view> seen;
    for (const auto& method : guard.methods) {
      if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
        const auto near = nearest(method, kMethods);
        problems_.error(at("guard", "methods"), "config.value.choice",
                        "'methods' in [guard] names the unknown " + method,
                        near.empty() ? "" : "did you mean \"" + near + "\"?");
      } else if (!seen.insert(method).second) {
        problems_.error(at("guard", "methods"), "config.key.duplicate",
                        "'methods' in [guard] names " + method + " twice");
      }
    }
    for (const std::string_view needed : {"ACK", "BYE", "CANCEL"}) {
      if (!seen.contains("INVITE") || seen.contains(needed)) continue;
      problems_.error(at("guard", "methods"), "config.conflict",
                      "'methods' in [guard] lets calls begin (INVITE) but not " + std::string{needed});
    }
    const std::pair<std::string_view, RuleMode> posture[] = {
        {"peer_known", guard.peer_known}, {"method", guard.method}, {"domain", guard.domain}};
    for (const auto& [rule, mode] : posture) {
      if (mode == RuleMode::enforce) continue;
      problems_.advise(
          at("guard", rule), "config.advice.weakened",
          "rule '" + std::string{rule} + "' is " + std::string{toString(mode)} + ": what it would refuse is let in");
    }
  }

  void checkSip() {
    const auto& sip = config_.sip;
    if (sip.t2 < sip.t1) problems_.error(at("sip", "t2"), "config.conflict", "'t2' in [sip] is shorter than 't1'");
    if (sip.session_expires < sip.min_se) {
      problems_.error(at("sip", "session_expires"), "config.conflict",
                      "'session_expires' in [sip] is shorter than 'min_se'");
    }
  }

  void checkTelemetry() {
    const auto& metrics = config_.telemetry.metrics;
    if (!metrics) return;
    const auto place = at("telemetry", "metrics");
    if (!metrics->address.isLoopback()) {
      problems_.error(place, "config.value.loopback",
                      "'metrics' in [telemetry] is served without TLS and must stay on a loopback address, not " +
                          metrics->address.toString(),
                      "use \"127.0.0.1:" + std::to_string(metrics->port) + "\" and let a local agent forward it");
    }
    for (const auto& listener : config_.listeners) {
      if (!collide(*metrics, listener.address)) continue;
      problems_.error(place, "config.conflict",
                      metrics->toString() + " is already taken by [[listener]] '" + listener.name + "'");
    }
  }

  const Node& root_;
  const Config& config_;
  Problems& problems_;
  std::vector<std::string_view> peer_names_;
  std::vector<std::string_view> trust_names_;
};

}  // namespace

void checkConsistency(const Node& root, const Config& config, Problems& problems) {
  Checker{root, config, problems}.check();
}

void checkFiles(const Node& root, const Config& config, Problems& problems) {
  const auto check = [&](const Path& path, Place place) {
    if (path.empty()) return;
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    if (std::filesystem::is_regular_file(status)) return;
    const auto reason =
        !std::filesystem::exists(status)
            ? (failure && status.type() != std::filesystem::file_type::not_found ? failure.message()
                                                                                 : std::string{"there is no such file"})
            : std::string{"it is not a regular file"};
    problems.error(place, "config.value.file", path.string() + ": " + reason);
  };
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const auto& listener = config.listeners[i];
    check(listener.ecdsa.certificate, placeIn(root, "listener", i, "certificate"));
    check(listener.ecdsa.key, placeIn(root, "listener", i, "key"));
    if (!listener.rsa) continue;
    check(listener.rsa->certificate, placeIn(root, "listener", i, "rsa_certificate"));
    check(listener.rsa->key, placeIn(root, "listener", i, "rsa_key"));
  }
  for (std::size_t i = 0; i < config.trusts.size(); ++i) {
    check(config.trusts[i].anchors, placeIn(root, "trust", i, "anchors"));
    if (config.trusts[i].crl) check(*config.trusts[i].crl, placeIn(root, "trust", i, "crl"));
  }
}

}  // namespace sallyport::config
