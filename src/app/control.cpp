// SPDX-License-Identifier: Apache-2.0
#include "app/control.h"

#include <boost/json.hpp>

#include "app/peers_report.h"
#include "app/registrations_report.h"
#include "telemetry/text.h"

namespace sallyport::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostDecisions = 1'000;

json::object errorObject(std::string_view code, std::string_view detail) {
  return {{"error", json::object{{"code", code}, {"detail", detail}}}};
}

json::object firewallObject(const FilterReport& filter) {
  json::object told{{"mode", filter.mode}, {"standing", filter.standing}};
  if (!filter.reason.empty()) told["reason"] = filter.reason;
  told["pinholes"] = filter.figures.pinholes;
  told["failures"] = filter.figures.failures;
  told["dropped"] = filter.figures.dropped;
  return told;
}

json::object statusObject(const StatusReport& report) {
  json::array rules;
  for (const auto& rule : report.rules) {
    rules.push_back(json::object{{"name", rule.name},
                                 {"mode", guard::toString(rule.mode)},
                                 {"evaluated", rule.evaluated},
                                 {"admitted", rule.admitted},
                                 {"refused", rule.refused},
                                 {"shadow_refused", rule.shadow_refused}});
  }
  json::array listeners;
  for (const auto& [name, address] : report.listeners)
    listeners.push_back(json::object{{"name", name}, {"address", address}});
  const auto& totals = report.totals;
  json::object status{
      {"config", report.config},
      {"uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(report.now - report.started).count()},
      {"workers", report.workers},
      {"draining", report.draining},
      {"drained_peers", json::array(report.drained_peers.begin(), report.drained_peers.end())},
      {"unprotected_peers", json::array(report.unprotected_peers.begin(), report.unprotected_peers.end())},
      {"listeners", std::move(listeners)},
      {"calls", json::object{{"active", totals.calls_active},
                             {"attempted", totals.calls_attempted},
                             {"answered", totals.calls_answered},
                             {"failed", totals.calls_failed}}},
      {"connections", json::object{{"open", totals.connections_open},
                                   {"websockets", totals.websockets_open},
                                   {"handshakes_ok", totals.handshakes_ok},
                                   {"handshakes_failed", totals.handshakes_failed}}},
      {"media", json::object{{"ports_open", totals.media_ports_open},
                             {"packets_received", totals.media_packets_received},
                             {"packets_sent", totals.media_packets_sent},
                             {"packets_dropped", totals.media_packets_dropped}}},
      {"transcoding", json::object{{"calls", report.transcoding.calls},
                                   {"permitted", report.transcoding.permitted},
                                   {"refused", report.transcoding.refused}}},
      {"firewall", firewallObject(report.filter)},
      {"rules", std::move(rules)},
      {"records", json::object{{"written", report.store.written},
                               {"waiting", report.store.waiting},
                               {"spilled", report.store.spilled},
                               {"lost", report.store.lost},
                               {"recovered", report.store.recovered},
                               {"failing", report.store.failing}}},
      {"log_lines_dropped", report.log_dropped},
      {"capabilities", report.capabilities}};
  if (const auto& keys = report.token_keys) {
    status["token_keys"] = json::object{{"from", keys->address},
                                        {"keys", keys->keys},
                                        {"fetched", keys->fetched ? telemetry::timeText(*keys->fetched) : "never"},
                                        {"failure", keys->failure}};
  }
  return status;
}

// A live call as its record, with what the kernel does about its open ports.
json::value liveCall(const telemetry::CallRecord& call, ControlTarget& target) {
  auto told = json::parse(telemetry::toJson(call));
  for (std::size_t leg = 0; leg < call.legs.size(); ++leg) {
    auto& shown = told.at("legs").at(leg).at("pinholes").as_array();
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const auto& pinhole = call.legs[leg].pinholes[i];
      const auto address = IpAddress::parse(pinhole.address);
      auto kernel = address && !pinhole.closed ? target.admitted({*address, pinhole.port}) : std::string{};
      if (!kernel.empty()) shown[i].as_object()["kernel"] = std::move(kernel);
    }
  }
  return told;
}

json::object callsObject(ControlTarget& target) {
  json::array all;
  for (const auto& call : target.calls()) all.push_back(liveCall(call, target));
  return {{"calls", std::move(all)}};
}

json::object whyObject(const std::vector<guard::Decision>& decisions) {
  json::array all;
  for (const auto& decision : decisions) {
    all.push_back(json::object{{"action", guard::toString(decision.action)},
                               {"shadow", decision.shadow},
                               {"rule", decision.rule},
                               {"code", decision.code},
                               {"facts", decision.facts},
                               {"peer", decision.peer},
                               {"identity", decision.identity},
                               {"source", decision.source},
                               {"method", decision.method},
                               {"request_host", decision.request_host},
                               {"call_id", decision.call_id},
                               {"repeats", decision.repeats}});
  }
  return {{"decisions", std::move(all)}};
}

json::object outcome(const Status& status) {
  if (!status) return errorObject(status.error().code, status.error().detail);
  return {{"done", true}};
}

}  // namespace

void ControlServer::onRequest(std::string_view line, net::UnixReply reply) { reply.send(answer(line)); }

std::string ControlServer::answer(std::string_view line) {
  boost::system::error_code failed;
  const auto parsed = json::parse(line, failed);
  if (failed || !parsed.is_object())
    return json::serialize(errorObject("control.json", "a request is one JSON object"));
  const auto& request = parsed.as_object();
  const auto text = [&](std::string_view name) -> std::string_view {
    const auto* member = request.if_contains(name);
    return member != nullptr && member->is_string() ? std::string_view{member->as_string()} : std::string_view{};
  };
  const auto command = text("command");
  const auto subject = text("subject");
  if (command == "status") return json::serialize(statusObject(target_.status()));
  if (command == "peers") return peersJson(target_.peers());
  if (command == "calls") return json::serialize(callsObject(target_));
  if (command == "registrations") {
    const auto bindings = target_.registrations(subject);
    if (!bindings) return json::serialize(errorObject(bindings.error().code, bindings.error().detail));
    return registrationsJson(*bindings, clock_.wall());
  }
  if (command == "why") {
    const auto* count = request.if_contains("count");
    const auto wanted = count != nullptr && count->is_int64() && count->as_int64() > 0
                            ? static_cast<std::size_t>(count->as_int64())
                            : 20;
    return json::serialize(whyObject(target_.why(subject, std::min(wanted, kMostDecisions))));
  }
  if (command == "evidence") {
    const auto record = target_.evidence(subject);
    if (!record) return json::serialize(errorObject(record.error().code, record.error().detail));
    if (!*record) return json::serialize(errorObject("call.unknown", "no call with this id, live or recorded"));
    return telemetry::toJson(**record);
  }
  if (command == "reload") return json::serialize(outcome(target_.requestReload()));
  if (command == "hangup") {
    return json::serialize(target_.hangup(subject) ? outcome(success())
                                                   : errorObject("call.unknown", "no live call with this id"));
  }
  if (command == "trunks") {
    const auto now = target_.status().now;
    return trunksJson(target_.trunks(), now);
  }
  if (command == "peer-drain") return json::serialize(outcome(target_.drainPeer(subject)));
  if (command == "peer-enable") return json::serialize(outcome(target_.enablePeer(subject)));
  if (command == "drain") {
    target_.requestDrain();
    return json::serialize(outcome(success()));
  }
  return json::serialize(errorObject("control.command", "no such command"));
}

}  // namespace sallyport::app
