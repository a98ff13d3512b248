// SPDX-License-Identifier: Apache-2.0
#include "app/peers_report.h"

#include <boost/json.hpp>

#include "telemetry/text.h"

namespace sallyport::app {
namespace {

namespace json = boost::json;

json::object targetObject(const call::TargetReport& target) {
  return {{"address", target.address.toString()},
          {"host", target.host},
          {"priority", target.rank.priority},
          {"weight", target.rank.weight},
          {"state", target.state()},
          {"workers", target.workers},
          {"suspect", target.suspect},
          {"down", target.down},
          {"drained", target.drained},
          {"fault", target.fault},
          {"options_ms", target.round_trip ? json::value(target.round_trip->count()) : json::value{}}};
}

json::object peerObject(const call::PeerReport& peer) {
  json::array targets;
  for (const auto& target : peer.targets) targets.push_back(targetObject(target));
  return {{"name", peer.name},
          {"tier", peer.tier},
          {"authentication", peer.authentication},
          {"unprotected", peer.unprotected},
          {"calls", peer.calls},
          {"location_error", peer.location_error},
          {"targets", std::move(targets)}};
}

// A name of the DNS and an error may quote a stranger: nothing of them may steer a terminal.
std::string shown(const json::value& value) {
  return telemetry::visible(value.is_string() ? std::string{value.as_string()} : json::serialize(value));
}

std::string targetLine(const json::object& target) {
  auto line = "    " + shown(target.at("address"));
  if (!target.at("host").as_string().empty()) line += " (" + shown(target.at("host")) + ")";
  line += "  priority " + shown(target.at("priority")) + " weight " + shown(target.at("weight")) + "  " +
          shown(target.at("state"));
  if (target.at("state").as_string() == "mixed")
    line += ": down at " + shown(target.at("down")) + " of " + shown(target.at("workers")) + " workers";
  if (!target.at("fault").as_string().empty()) line += ", " + shown(target.at("fault"));
  if (!target.at("options_ms").is_null()) line += "  OPTIONS " + shown(target.at("options_ms")) + " ms";
  return line + "\n";
}

}  // namespace

std::string peersJson(const std::vector<call::PeerReport>& peers) {
  json::array all;
  for (const auto& peer : peers) all.push_back(peerObject(peer));
  return json::serialize(json::object{{"peers", std::move(all)}});
}

std::string peersTable(std::string_view text) {
  const auto parsed = json::parse(text);
  const auto& peers = parsed.at("peers").as_array();
  if (peers.empty()) return "no peers\n";
  std::string table;
  for (const auto& peer : peers) {
    const auto& targets = peer.at("targets").as_array();
    table += shown(peer.at("name")) + "  " + shown(peer.at("tier")) + ", by " + shown(peer.at("authentication"));
    if (peer.at("unprotected").as_bool()) table += ", UNPROTECTED";
    table += "  calls " + shown(peer.at("calls")) + "\n";
    if (!peer.at("location_error").as_string().empty())
      table += "    not located: " + shown(peer.at("location_error")) + "\n";
    for (const auto& target : targets) table += targetLine(target.as_object());
    if (targets.empty() && peer.at("location_error").as_string().empty()) table += "    connects to us\n";
  }
  return table;
}

}  // namespace sallyport::app
