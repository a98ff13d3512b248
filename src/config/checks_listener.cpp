// SPDX-License-Identifier: Apache-2.0
// [[listener]], and whether those who are known can come in by what they prove.
#include <algorithm>

#include "config/check_context.h"

namespace sallyport::config {
namespace {

// How each who is known may prove itself, and how messages call it.
struct Known {
  std::string label;
  const Policy* policy;
  Place place;
};

std::vector<Known> everybody(const CheckContext& context) {
  std::vector<Known> known;
  const auto& config = context.config;
  if (config.devices) known.push_back({"[devices]", &config.devices->policy, context.at("devices", "authentication")});
  for (std::size_t i = 0; i < config.peers.size(); ++i) {
    if (config.peers[i].unprotected) continue;
    known.push_back(
        {"[[peer]] '" + config.peers[i].name + "'", &config.peers[i].policy, context.at("peer", i, "authentication")});
  }
  return known;
}

bool lacksCertificate(const Proofs& proofs) {
  return std::find(proofs.begin(), proofs.end(), Proof::certificate) == proofs.end();
}

void checkProofs(const CheckContext& context, std::size_t index, const std::vector<Known>& known) {
  const auto& listener = context.config.listeners[index];
  const auto label = "[[listener]] '" + listener.name + "'";
  const bool required = listener.client_certificate == ClientCertificate::required;
  const auto anybody = [&](auto accepts) {
    return std::any_of(known.begin(), known.end(), [&](const Known& each) { return accepts(*each.policy); });
  };
  if (required && !known.empty() && !anybody([](const Policy& each) { return each.accepts(Proof::certificate); })) {
    context.problems.advise(context.at("listener", index, "client_certificate"), "config.advice.client_certificate",
                            label + " requires a certificate, and nobody is known by one",
                            "client_certificate = \"optional\" lets them prove themselves otherwise");
  }
  if (!required && !anybody([](const Policy& each) { return each.acceptsWithout(Proof::certificate); })) {
    context.problems.advise(context.at("listener", index, "client_certificate"), "config.advice.client_certificate",
                            label + " lets in without a certificate, and nobody is known without one",
                            "leave 'client_certificate' out: required is the default");
  }
  for (const auto& proofs : listener.authentication) {
    const bool known_so = anybody([&](const Policy& each) {
      return std::find(each.authentication.begin(), each.authentication.end(), proofs) != each.authentication.end();
    });
    const bool hopeless = required && lacksCertificate(proofs);
    if (known_so && !hopeless) continue;
    context.problems.advise(context.at("listener", index, "authentication"), "config.advice.listener_authentication",
                            label + " takes \"" + toString(proofs) + "\", which nobody can use there",
                            hopeless ? "it requires a certificate" : "no [[peer]] nor [devices] is known so");
  }
}

void checkWaysIn(const CheckContext& context, const std::vector<Known>& known) {
  const auto& listeners = context.config.listeners;
  const bool open = std::any_of(listeners.begin(), listeners.end(), [](const Listener& each) {
    return each.client_certificate == ClientCertificate::optional;
  });
  if (open || listeners.empty()) return;
  const bool some_certificate = std::any_of(known.begin(), known.end(),
                                            [](const Known& each) { return each.policy->accepts(Proof::certificate); });
  if (!some_certificate) return;  // said of the listener already
  const auto& web = context.config.web_listener;
  for (const auto& each : known) {
    if (each.policy->accepts(Proof::certificate) || each.policy->authentication.empty()) continue;
    if (web && canLogIn(*each.policy, *web)) continue;
    context.problems.advise(each.place, "config.advice.no_listener",
                            each.label + " is known without a certificate, but every [[listener]] requires one",
                            "give it a [[listener]] with client_certificate = \"optional\"");
  }
}

// What SDP says instead of an address has to be of a family that there is one of.
void checkMediaAdvertise(const CheckContext& context, std::string_view section, std::size_t index,
                         const std::string& label, const MediaAdvertise& told) {
  const auto& media = context.config.media;
  const bool hopeless = (told.v4 && !media.v4) || (told.v6 && !media.v6);
  if (!hopeless) return;
  context.problems.error(context.at(section, index, "media_advertise"), "config.conflict",
                         "'media_advertise' in " + label + " names " +
                             (told.v4 && !media.v4 ? *told.v4 : *told.v6).toString() +
                             ", but 'address' in [media] has none of that family");
}

void checkMediaAdvertised(const CheckContext& context) {
  const auto& config = context.config;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const auto& listener = config.listeners[i];
    checkMediaAdvertise(context, "listener", i, "[[listener]] '" + listener.name + "'", listener.media_advertise);
  }
  if (const auto& plain = config.unprotected_listener)
    checkMediaAdvertise(context, "unprotected_listener", 0, std::string{kUnprotectedListener}, plain->media_advertise);
  if (const auto& web = config.web_listener)
    checkMediaAdvertise(context, "web_listener", 0, std::string{kWebListener}, web->media_advertise);
}

// The names by which peers are told of a listener.
void checkPeersListeners(const CheckContext& context) {
  std::vector<std::string_view> names;
  for (const auto& listener : context.config.listeners) names.push_back(listener.name);
  for (std::size_t i = 0; i < context.config.peers.size(); ++i) {
    const auto& peer = context.config.peers[i];
    if (peer.listener.empty()) continue;
    const auto place = context.at("peer", i, "listener");
    const auto label = "[[peer]] '" + peer.name + "'";
    if (peer.unprotected) {
      context.problems.error(place, "config.conflict",
                             label + " is unprotected: it is told of [unprotected_listener] and of no other");
    } else if (std::find(names.begin(), names.end(), peer.listener) == names.end()) {
      context.dangling(place, label + " names listener '" + peer.listener + "', and there is no such [[listener]]",
                       peer.listener, names);
    }
  }
}

}  // namespace

void checkListeners(const CheckContext& context) {
  const auto& listeners = context.config.listeners;
  if (listeners.empty() && context.root.find("listener") == nullptr) {
    context.problems.error({}, "config.key.missing", "there is no [[listener]]",
                           "without one nobody can reach the edge");
  }
  context.checkUniqueNames("listener", listeners);
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto* written = context.writtenAt("listener", i, "address");
    if (written == nullptr) continue;
    if (listeners[i].address.port == 0) {
      context.problems.advise(written->place, "config.advice.port",
                              "port 0 lets the system pick another port at every start");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (context.writtenAt("listener", j, "address") == nullptr) continue;
      if (!collide(listeners[i].address, listeners[j].address)) continue;
      context.problems.error(written->place, "config.conflict",
                             listeners[i].address.toString() + " is already taken by [[listener]] '" +
                                 listeners[j].name + "' at line " +
                                 std::to_string(context.at("listener", j, "address").line));
    }
  }
  const auto known = everybody(context);
  for (std::size_t i = 0; i < listeners.size(); ++i) checkProofs(context, i, known);
  checkWaysIn(context, known);
  checkMediaAdvertised(context);
  checkPeersListeners(context);
}

}  // namespace sallyport::config
