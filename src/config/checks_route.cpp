// SPDX-License-Identifier: Apache-2.0
// [[route]], [header_policy.NAME], [registrar].
#include <algorithm>
#include <set>

#include "config/check_context.h"
#include "config/text_values.h"

namespace sallyport::config {
namespace {

constexpr std::size_t kShortNumber = 8;  // with its "+": shorter ones are hardly meant as a whole

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

const HeaderPolicy* find(const Config& config, std::string_view name) {
  const auto& all = config.header_policies;
  const auto found = std::find_if(all.begin(), all.end(), [&](const HeaderPolicy& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool isBuiltIn(std::string_view name) {
  return std::find(kBuiltInHeaderPolicies.begin(), kBuiltInHeaderPolicies.end(), name) != kBuiltInHeaderPolicies.end();
}

// Where `key` of [header_policy.NAME] stands; the section when absent.
Place placeOf(const CheckContext& context, const std::string& policy, std::string_view key) {
  const auto* section = context.root.find("header_policy");
  const auto* table = section == nullptr ? nullptr : section->find(policy);
  if (table == nullptr) return {};
  const auto* value = table->find(key);
  return value == nullptr ? table->key_place : value->place;
}

void checkHeaders(const CheckContext& context, const HeaderPolicy& policy) {
  const auto label = "[header_policy.\"" + policy.name + "\"]";
  std::set<std::string> allowed;
  for (const auto& header : policy.allow) {
    if (!allowed.insert(lower(header)).second) {
      context.problems.error(placeOf(context, policy.name, "allow"), "config.key.duplicate",
                             label + " allows " + header + " twice");
    }
  }
  for (const auto& header : policy.drop) {
    if (!allowed.contains(lower(header))) continue;
    context.problems.error(placeOf(context, policy.name, "drop"), "config.conflict",
                           label + " allows and drops " + header);
  }
}

void checkExtends(const CheckContext& context, const HeaderPolicy& policy) {
  const auto place = placeOf(context, policy.name, "extends");
  checkHeaderPolicyReference(context, place, "[header_policy.\"" + policy.name + "\"]", policy.extends);
  std::set<std::string_view> seen{policy.name};
  std::string way = policy.name;
  for (const auto* each = find(context.config, policy.extends); each != nullptr;
       each = find(context.config, each->extends)) {
    way += " extends " + each->name;
    if (each->name == policy.name) {
      context.problems.error(place, "config.conflict", "header policies go in a circle: " + way);
      return;
    }
    if (!seen.insert(each->name).second) return;  // a circle further on, said where it is
  }
}

void checkMatch(const CheckContext& context, std::size_t index, const std::string& label) {
  const auto& route = context.config.routes[index];
  if (!route.from_peer.empty() && route.from_peer != kDeviceWord && context.config.peer(route.from_peer) == nullptr) {
    context.dangling(context.at("route", index, "from_peer"),
                     label + " is for peer '" + route.from_peer + "', and there is no such [[peer]]", route.from_peer,
                     context.peer_names);
  }
  if (!route.domain.empty() && !context.ours(route.domain)) {
    context.problems.error(context.at("route", index, "domain"), "config.reference",
                           label + " is for " + route.domain + ", which is not among 'domains' in [edge]");
  }
  if (!route.user_regex.empty() && context.writtenAt("route", index, "user") != nullptr) {
    context.problems.error(context.at("route", index, "user_regex"), "config.conflict",
                           label + " matches the user by 'user' and by 'user_regex'", "keep one of them");
  }
  if (route.refuse && context.writtenAt("route", index, "to") != nullptr) {
    context.problems.error(context.at("route", index, "refuse"), "config.conflict",
                           label + " leads somewhere and refuses", "keep 'to' or 'refuse'");
  }
  if (route.number.size() < kShortNumber && !route.number.empty() && !route.number.ends_with('*')) {
    context.problems.advise(context.at("route", index, "number"), "config.advice.short_number",
                            label + " is for the very number " + route.number,
                            "number = \"" + route.number + "*\" takes all that begin so");
  }
  checkHeaderPolicyReference(context, context.at("route", index, "header_policy"), label, route.header_policy);
}

void checkTarget(const CheckContext& context, Place place, const std::string& label, const std::string& to) {
  if (to == kDeviceWord) {
    if (context.config.registrar.enabled) return;
    context.problems.error(place, "config.conflict", label + " leads to registered devices, and nobody can register",
                           "set enabled = true in [registrar]");
    return;
  }
  const auto* peer = context.config.peer(to);
  if (peer == nullptr) {
    context.dangling(place, label + " leads to peer '" + to + "', and there is no such [[peer]]", to,
                     context.peer_names);
  } else if (!peer->connectable()) {
    context.problems.advise(place, "config.advice.no_address",
                            label + " leads to peer '" + to + "', which has no 'address' to connect to",
                            "it can be called only while it keeps a connection to the edge");
  }
}

void checkTargets(const CheckContext& context, std::size_t index, const std::string& label) {
  const auto& route = context.config.routes[index];
  const auto place = context.at("route", index, "to");
  const auto* written = context.writtenAt("route", index, "to");
  if (written != nullptr && written->kind == Node::Kind::array && written->children.empty()) {
    context.problems.error(place, "config.value.empty", label + " leads nowhere", "or refuse = 603");
  }
  std::set<std::string_view> seen;
  for (const auto& target : route.to) {
    if (target.peer.empty()) continue;
    if (!seen.insert(target.peer).second) {
      context.problems.error(place, "config.key.duplicate", label + " leads to peer '" + target.peer + "' twice");
      continue;
    }
    checkTarget(context, place, label, target.peer);
  }
}

bool takesEverything(const Route& route) {
  return route.user.kind == PatternKind::any && route.user_regex.empty() && route.number.empty() &&
         route.caller.empty() && route.domain.empty() && route.from_peer.empty() && route.time.spans.empty();
}

}  // namespace

void checkHeaderPolicyReference(const CheckContext& context, Place place, const std::string& label,
                                const std::string& policy) {
  if (policy.empty() || isBuiltIn(policy) || find(context.config, policy) != nullptr) return;
  std::vector<std::string_view> names(kBuiltInHeaderPolicies.begin(), kBuiltInHeaderPolicies.end());
  for (const auto& each : context.config.header_policies) names.push_back(each.name);
  context.dangling(place, label + " names header policy '" + policy + "', and there is no such one", policy, names);
}

void checkRoutes(const CheckContext& context) {
  const auto& routes = context.config.routes;
  if (routes.empty()) {
    context.problems.advise({}, "config.advice.no_route", "there is no [[route]]: every call is answered 404");
  }
  std::optional<std::size_t> catch_all;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const auto& route = routes[i];
    const auto label = "[[route]] number " + std::to_string(i + 1);
    checkTargets(context, i, label);
    checkMatch(context, i, label);
    if (catch_all) {
      context.problems.advise(context.at("route", i, "user"), "config.advice.shadowed",
                              label + " is never reached: the one at line " +
                                  std::to_string(context.at("route", *catch_all, "user").line) + " takes every call");
    } else if (takesEverything(route) && context.writtenAt("route", i, "user") != nullptr) {
      catch_all = i;
    }
  }
}

void checkHeaderPolicies(const CheckContext& context) {
  for (const auto& policy : context.config.header_policies) {
    if (isBuiltIn(policy.name)) {
      context.problems.error(placeOf(context, policy.name, ""), "config.key.duplicate",
                             "header policy '" + policy.name + "' is built in",
                             "give it a name of your own and extends = \"" + policy.name + "\"");
    }
    checkExtends(context, policy);
    checkHeaders(context, policy);
  }
}

void checkRegistrar(const CheckContext& context) {
  const auto& config = context.config;
  const auto& registrar = config.registrar;
  if (registrar.min_expires > registrar.default_expires || registrar.default_expires > registrar.max_expires) {
    context.problems.error(context.at("registrar", "default_expires"), "config.conflict",
                           "'default_expires' in [registrar] is not between 'min_expires' and 'max_expires'");
  }
  if (!registrar.upstream.empty()) {
    const auto* peer = config.peer(registrar.upstream);
    const auto place = context.at("registrar", "upstream");
    if (peer == nullptr) {
      context.dangling(place, "[registrar] tells peer '" + registrar.upstream + "', and there is no such [[peer]]",
                       registrar.upstream, context.peer_names);
    } else if (!peer->connectable()) {
      context.problems.error(place, "config.conflict",
                             "[registrar] tells peer '" + registrar.upstream + "', which has no 'address'");
    }
  }
  if (!registrar.enabled) return;
  const auto lists = [](const std::vector<std::string>& methods) {
    return std::find(methods.begin(), methods.end(), "REGISTER") != methods.end();
  };
  const auto& peers = config.peers;
  const bool somebody =
      config.devices || std::any_of(peers.begin(), peers.end(), [](const Peer& peer) { return peer.path; });
  if (!somebody) {
    context.problems.advise(context.at("registrar", "enabled"), "config.advice.nobody",
                            "there is neither [devices] nor a [[peer]] with path = true: nobody can register");
  }
  if (!lists(config.guard.methods) && !(config.devices && lists(config.devices->policy.methods))) {
    context.problems.error(context.at("guard", "methods"), "config.conflict",
                           "[registrar] is enabled, but 'methods' in [guard] does not let REGISTER in");
  }
}

}  // namespace sallyport::config
