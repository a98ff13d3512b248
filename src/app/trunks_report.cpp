// SPDX-License-Identifier: Apache-2.0
#include "app/trunks_report.h"

#include <boost/json.hpp>

#include "telemetry/text.h"

namespace sallyport::app {
namespace {

namespace json = boost::json;

std::int64_t secondsFrom(WallTime then, WallTime now) {
  return std::chrono::duration_cast<std::chrono::seconds>(then - now).count();
}

json::value orNull(const std::optional<WallTime>& then, WallTime now) {
  return then ? json::value(secondsFrom(*then, now)) : json::value{};
}

json::object registrationObject(const call::TrunkSnapshot& registration, WallTime now) {
  return {{"aor", registration.aor},
          {"state", call::toString(registration.state)},
          {"since_seconds", -secondsFrom(registration.since, now)},
          {"expires_in_seconds", orNull(registration.expires, now)},
          {"next_try_in_seconds", orNull(registration.next_try, now)},
          {"last_status", registration.last_status},
          {"last_reason", registration.last_reason},
          {"failures", registration.failures}};
}

json::object loadObject(unsigned live, const std::optional<unsigned>& limit) {
  return {{"live", live}, {"limit", limit ? json::value(*limit) : json::value{}}};
}

json::object directionObject(unsigned live, const guard::TrunkFigures::Direction& limits) {
  auto object = loadObject(live, limits.calls);
  object["calls_per_second"] = limits.rate ? json::value(limits.rate->per_second) : json::value{};
  return object;
}

json::object trunkObject(const TrunkReport& trunk, WallTime now) {
  return {
      {"peer", trunk.peer},
      {"drained", trunk.drained},
      {"registration", trunk.registration ? json::value(registrationObject(*trunk.registration, now)) : json::value{}},
      {"in", directionObject(trunk.load.in, trunk.limits.in)},
      {"out", directionObject(trunk.load.out, trunk.limits.out)},
      {"channels", loadObject(trunk.load.channels, trunk.limits.channels)}};
}

std::string shown(const json::value& value) {
  return telemetry::visible(value.is_string() ? std::string{value.as_string()} : json::serialize(value));
}

// "3 of 30", or nothing where there is no limit.
std::string loadText(const json::object& load, std::string_view name) {
  const auto& limit = load.at("limit");
  if (limit.is_null()) return {};
  return "  " + std::string{name} + " " + shown(load.at("live")) + " of " + shown(limit);
}

std::string registrationText(const json::object& registration) {
  std::string text = "    " + shown(registration.at("aor")) + " " + shown(registration.at("state")) + " for " +
                     shown(registration.at("since_seconds")) + " s";
  if (!registration.at("expires_in_seconds").is_null())
    text += ", expires in " + shown(registration.at("expires_in_seconds")) + " s";
  if (!registration.at("next_try_in_seconds").is_null())
    text += ", next REGISTER in " + shown(registration.at("next_try_in_seconds")) + " s";
  text += ", last status " + shown(registration.at("last_status"));
  const auto reason = shown(registration.at("last_reason"));
  if (!reason.empty()) text += ": " + reason + ", " + shown(registration.at("failures")) + " in a row";
  return text + "\n";
}

}  // namespace

std::vector<TrunkReport> trunkReports(const config::Config& config, const guard::TrunkPolicy& policy,
                                      const guard::LimitTables& tables,
                                      const std::vector<call::TrunkSnapshot>& registrations) {
  std::vector<TrunkReport> reports;
  for (const auto& peer : config.peers) {
    TrunkReport report{.peer = peer.name, .load = guard::trunkLoad(tables, peer.name)};
    report.drained = policy.drained != nullptr && policy.drained->isDrained(peer.name);
    if (const auto figures = policy.of_peer.find(peer.name); figures != policy.of_peer.end())
      report.limits = figures->second;
    for (const auto& registration : registrations) {
      const bool newest = registration.peer == peer.name && registration.state != call::TrunkState::left;
      if (newest) report.registration = registration;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

std::string trunksJson(const std::vector<TrunkReport>& trunks, WallTime now) {
  json::array all;
  for (const auto& trunk : trunks) all.push_back(trunkObject(trunk, now));
  return json::serialize(json::object{{"trunks", std::move(all)}});
}

std::string trunksTable(std::string_view text_of_trunks) {
  const auto parsed = json::parse(text_of_trunks);
  const auto& trunks = parsed.at("trunks").as_array();
  if (trunks.empty()) return "no peer is configured\n";
  std::string text;
  for (const auto& entry : trunks) {
    const auto& trunk = entry.as_object();
    text += shown(trunk.at("peer")) + (trunk.at("drained").as_bool() ? "  DRAINED" : "") +
            loadText(trunk.at("in").as_object(), "calls in") + loadText(trunk.at("out").as_object(), "calls out") +
            loadText(trunk.at("channels").as_object(), "channels") + "\n";
    if (trunk.at("registration").is_object()) text += registrationText(trunk.at("registration").as_object());
  }
  return text;
}

}  // namespace sallyport::app
