// SPDX-License-Identifier: Apache-2.0
// The rules of the sections that stand for themselves, and the order of all.
#include <sys/un.h>

#include <algorithm>
#include <set>

#include "config/check_context.h"
#include "config/text_values.h"
#include "config/weakness.h"

namespace sallyport::config {
namespace {

constexpr std::size_t kPortsPerCall = 4;  // RTP and RTCP, two legs

void checkEdge(const CheckContext& context) {
  const auto& edge = context.config.edge;
  const auto* domains = context.root.find("edge") == nullptr ? nullptr : context.root.find("edge")->find("domains");
  if (domains != nullptr && domains->kind == Node::Kind::array && domains->children.empty()) {
    context.problems.error(domains->place, "config.value.empty", "'domains' in [edge] names no domain",
                           "without one every call is refused");
  }
  std::set<std::string_view> seen;
  for (const auto& domain : edge.domains) {
    if (!seen.insert(domain).second) {
      context.problems.error(context.at("edge", "domains"), "config.key.duplicate",
                             "'domains' in [edge] names " + domain + " twice");
    }
  }
  if (edge.control_socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
    context.problems.error(context.at("edge", "control_socket"), "config.value.range",
                           "the control socket's path " + edge.control_socket.string() + " is longer than " +
                               std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes",
                           "set 'control_socket' in [edge] to a shorter one");
  }
}

void checkMedia(const CheckContext& context) {
  const auto& media = context.config.media;
  for (const auto* address : {&media.v4, &media.v6}) {
    if (!*address || !(*address)->announced().isUnspecified()) continue;
    context.problems.error(
        context.at("media", "address"), "config.conflict",
        "'address' in [media] is " + (*address)->bind.toString() + ", which cannot be told to a peer in SDP",
        "name the interface's address, or set 'advertise'");
  }
  const auto place = context.at("media", "port_range");
  if (media.last_port < media.first_port) {
    context.problems.error(place, "config.value.range", "'port_range' in [media] ends before it begins");
    return;
  }
  if (media.first_port < 1024) {
    context.problems.error(place, "config.value.range", "'port_range' in [media] must begin at 1024 or above");
  }
  if (media.ports() < kPortsPerCall) {
    context.problems.error(place, "config.value.range",
                           "'port_range' in [media] has " + std::to_string(media.ports()) + " ports; one call takes " +
                               std::to_string(kPortsPerCall));
    return;
  }
  unsigned largest = 0;
  for (const auto& peer : context.config.peers) {
    largest = std::max({largest, peer.policy.max_calls.value_or(0), peer.channels.value_or(0)});
  }
  if (media.ports() / kPortsPerCall < largest) {
    context.problems.advise(place, "config.advice.media_ports",
                            "'port_range' in [media] is enough for " + std::to_string(media.ports() / kPortsPerCall) +
                                " calls at once, but a [[peer]] may have " + std::to_string(largest));
  }
}

void checkFirewall(const CheckContext& context) {
  const auto& [mode, most] = context.config.firewall;
  const auto& media = context.config.media;
  const auto ports = media.ports() * (media.v4 && media.v6 ? 2 : 1);
  if (mode == FirewallMode::off || media.last_port < media.first_port || most >= ports) return;
  const std::string beyond = mode == FirewallMode::required ? "calls beyond are refused"
                                                            : "while more are open, user space filters the range alone";
  context.problems.advise(context.at("firewall", "max_pinholes"), "config.advice.pinholes",
                          "'max_pinholes' in [firewall] is " + std::to_string(most) + ", and [media] has " +
                              std::to_string(ports) + " ports: " + beyond);
}

void checkTrusts(const CheckContext& context) {
  context.checkUniqueNames("trust", context.config.trusts);
  for (std::size_t i = 0; i < context.config.trusts.size(); ++i) {
    const auto& name = context.config.trusts[i].name;
    if (name.empty()) continue;
    const auto& devices = context.config.devices;
    const auto& peers = context.config.peers;
    const bool used = std::any_of(peers.begin(), peers.end(), [&](const Peer& peer) { return peer.trust == name; }) ||
                      (devices && (devices->trust == name || (devices->token && devices->token->jwks_trust == name)));
    if (used) continue;
    context.problems.advise(context.at("trust", i, "name"), "config.advice.unused",
                            "no peer or device uses [[trust]] '" + name + "'");
  }
}

void checkGuard(const CheckContext& context) {
  const auto& guard = context.config.guard;
  const std::set<std::string_view> seen(guard.methods.begin(), guard.methods.end());
  checkMethods(context, context.at("guard", "methods"), "[guard]", guard.methods);
  for (const std::string_view needed : {"ACK", "BYE", "CANCEL"}) {
    if (!seen.contains("INVITE") || seen.contains(needed)) continue;
    context.problems.error(context.at("guard", "methods"), "config.conflict",
                           "'methods' in [guard] lets calls begin (INVITE) but not " + std::string{needed});
  }
}

void checkSip(const CheckContext& context) {
  const auto& sip = context.config.sip;
  if (sip.t2 < sip.t1)
    context.problems.error(context.at("sip", "t2"), "config.conflict", "'t2' in [sip] is shorter than 't1'");
  if (sip.session_expires < sip.min_se) {
    context.problems.error(context.at("sip", "session_expires"), "config.conflict",
                           "'session_expires' in [sip] is shorter than 'min_se'");
  }
}

void checkTelemetry(const CheckContext& context) {
  const auto& metrics = context.config.telemetry.metrics;
  if (!metrics) return;
  const auto place = context.at("telemetry", "metrics");
  if (!metrics->address.isLoopback()) {
    context.problems.error(place, "config.value.loopback",
                           "'metrics' in [telemetry] is served without TLS and must stay on a loopback address, not " +
                               metrics->address.toString(),
                           "use \"127.0.0.1:" + std::to_string(metrics->port) + "\" and let a local agent forward it");
  }
  for (const auto& listener : context.config.listeners) {
    if (!collide(*metrics, listener.address)) continue;
    context.problems.error(place, "config.conflict",
                           metrics->toString() + " is already taken by [[listener]] '" + listener.name + "'");
  }
}

// What weakens protection is said with the place where it was written.
void checkWeaknesses(const CheckContext& context) {
  for (const auto& weakness : weaknessesOf(context.config)) {
    const auto place = context.at(weakness.section, weakness.index, weakness.key);
    if (weakness.weight == Weakness::Weight::refused) {
      context.problems.advise(place, weakness.code, weakness.text);
    } else {
      context.problems.note(place, weakness.code, weakness.text);
    }
  }
}

}  // namespace

void checkMethods(const CheckContext& context, Place place, const std::string& label,
                  const std::vector<std::string>& methods) {
  std::set<std::string_view> seen;
  for (const auto& method : methods) {
    if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
      const auto near = nearest(method, kMethods);
      context.problems.error(place, "config.value.choice", "'methods' in " + label + " names the unknown " + method,
                             near.empty() ? "" : "did you mean \"" + near + "\"?");
    } else if (!seen.insert(method).second) {
      context.problems.error(place, "config.key.duplicate", "'methods' in " + label + " names " + method + " twice");
    }
  }
}

const Node* CheckContext::writtenAt(std::string_view section, std::size_t index, std::string_view key) const {
  const auto* table = root.find(section);
  if (table != nullptr && table->kind == Node::Kind::array) {
    table = index < table->children.size() ? &table->children[index] : nullptr;
  }
  return table == nullptr ? nullptr : table->find(key);
}

bool CheckContext::ours(const std::string& domain) const {
  const auto& domains = config.edge.domains;
  return std::find(domains.begin(), domains.end(), domain) != domains.end();
}

void CheckContext::dangling(Place place, const std::string& message, const std::string& name,
                            const std::vector<std::string_view>& names) const {
  const auto near = nearest(name, names);
  problems.error(place, "config.reference", message, near.empty() ? "" : "did you mean \"" + near + "\"?");
}

void CheckContext::dangling(Place place, const std::string& label, const std::string& trust) const {
  if (trust.empty() || config.trust(trust) != nullptr) return;
  dangling(place, label + " names trust '" + trust + "', and there is no such [[trust]]", trust, trust_names);
}

bool collide(const Endpoint& a, const Endpoint& b) {
  if (a.port != b.port || a.port == 0 || a.address.family() != b.address.family()) return false;
  return a.address == b.address || a.address.isUnspecified() || b.address.isUnspecified();
}

void checkConsistency(const Node& root, const Config& config, Problems& problems) {
  CheckContext context{root, config, problems, {}, {}};
  for (const auto& peer : config.peers) context.peer_names.push_back(peer.name);
  for (const auto& trust : config.trusts) context.trust_names.push_back(trust.name);
  checkEdge(context);
  checkListeners(context);
  checkMedia(context);
  checkFirewall(context);
  checkTrusts(context);
  checkDevices(context);
  checkPeers(context);
  checkUnprotected(context);
  checkWeb(context);
  checkRoutes(context);
  checkHeaderPolicies(context);
  checkRegistrar(context);
  checkGuard(context);
  checkSip(context);
  checkTelemetry(context);
  checkWeaknesses(context);
}

}  // namespace sallyport::config
