// SPDX-License-Identifier: Apache-2.0
// `sallyport route explain`: what a call would meet, by the configuration alone. No edge need run, and none is asked.
#include <boost/json.hpp>
#include <ctime>
#include <iostream>

#include "app/commands.h"
#include "call/routing.h"
#include "call/status_map.h"
#include "config/load.h"
#include "core/clock.h"
#include "telemetry/text.h"

namespace sallyport::app {
namespace {

namespace json = boost::json;

// "bob", "bob@example.org", "+4930123" and URIs.
std::string asUri(const std::string& text, const std::string& domain) {
  if (text.find(':') != std::string::npos) return text;
  if (text.find('@') != std::string::npos) return "sip:" + text;
  return "sip:" + sip::escapedUser(text) + "@" + domain;
}

Result<WallTime> timeOf(const std::string& text) {
  if (text.empty()) return SystemClock{}.wall();
  std::tm fields{};
  for (const auto* form : {"%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"}) {
    const auto* end = ::strptime(text.c_str(), form, &fields);
    if (end != nullptr && *end == '\0') {
      const auto offset = fields.tm_gmtoff;  // timegm() overwrites it
      return std::chrono::system_clock::from_time_t(::timegm(&fields) - offset);
    }
  }
  for (const auto* form : {"%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
    fields = {};
    const auto* end = ::strptime(text.c_str(), form, &fields);
    fields.tm_isdst = -1;
    if (end != nullptr && *end == '\0') return std::chrono::system_clock::from_time_t(std::mktime(&fields));
  }
  return Error{ErrorKind::misconfigured, "app.time", text + " is no time like 2026-11-20T19:00 or 2026-11-20T19:00Z"};
}

json::object describe(const call::Number& number) {
  json::object out{{"dialled", number.dialled}, {"kind", call::toString(number.kind)}, {"why", number.why}};
  if (number.isKnown()) out["e164"] = number.e164;
  if (number.toll) out["toll"] = call::toString(*number.toll);
  if (!number.destination.empty()) out["destination"] = number.destination;
  return out;
}

json::object describe(const call::Destination& destination) {
  json::object out{{"peer", destination.peer->name},
                   {"priority", destination.priority},
                   {"weight", destination.weight},
                   {"request_uri", destination.uri()},
                   {"from", destination.presented.from()},
                   {"asserted_identity", destination.presented.asserted_identity},
                   {"header_policy", destination.headers.name()}};
  auto& headers = out["headers"].emplace_array();
  for (const auto& name : destination.headers.allowed()) headers.emplace_back(name);
  return out;
}

// The whole answer as values; the text is made of it.
Result<json::object> explanation(const call::EdgePolicy& policy, const RouteCommand& command) {
  if (policy.peer(command.from_peer) == nullptr)
    return Error{ErrorKind::misconfigured, "app.peer.unknown", "there is no [[peer]] '" + command.from_peer + "'"};
  SP_ASSIGN(const auto at, timeOf(command.at));
  SP_ASSIGN(const auto from, call::calledParty(policy, command.from_peer, asUri(command.from, policy.domain())));
  SP_ASSIGN(const auto to, call::calledParty(policy, command.from_peer, asUri(command.to, policy.domain())));
  call::Caller caller;
  caller.uri = "sip:" + sip::escapedUser(from.number.isKnown() ? from.number.e164 : from.user) + "@" + from.host;
  caller.number = from.number;
  const call::RouteQuery query{command.from_peer, to.user, to.host, &caller, at, &to.number};

  json::object out{{"from", caller.uri}, {"from_peer", command.from_peer}, {"called", describe(to.number)}};
  auto& rules = out["rules"].emplace_array();
  bool decided = false;
  for (const auto& verdict : call::explainRules(policy, query)) {
    const bool fits = verdict.mismatch.empty();
    const auto* outcome = !fits ? "does not fit" : decided ? "would fit" : "decides";
    rules.push_back(json::object{{"rule", verdict.rule}, {"outcome", outcome}, {"why", verdict.mismatch}});
    decided = decided || fits;
  }
  const auto decision = call::route(policy, query);
  if (!decision) {
    out["refused"] = json::object{{"code", decision.error().code},
                                  {"detail", decision.error().detail},
                                  {"status", call::statusTowardsPeer(decision.error())}};
    return out;
  }
  out["onward"] = describe(decision->onward);
  auto& targets = out["targets"].emplace_array();
  for (const auto& destination : decision->destinations) targets.push_back(describe(destination));
  return out;
}

std::string shown(const json::value& value) {
  if (value.is_string()) return telemetry::visible(std::string_view{value.as_string()});
  return json::serialize(value);
}

void printNumber(const char* title, const json::object& number) {
  std::cout << title << ": " << shown(number.at("dialled"));
  if (const auto* e164 = number.if_contains("e164")) std::cout << " = " << shown(*e164);
  std::cout << " (" << shown(number.at("why"));
  if (const auto* toll = number.if_contains("toll")) std::cout << ", " << shown(*toll);
  if (const auto* what = number.if_contains("destination")) std::cout << ": " << shown(*what);
  std::cout << ")\n";
}

void printText(const json::object& answer) {
  std::cout << "from " << shown(answer.at("from")) << " at " << shown(answer.at("from_peer")) << '\n';
  printNumber("called", answer.at("called").as_object());
  for (const auto& rule : answer.at("rules").as_array()) {
    std::cout << "  " << shown(rule.at("rule")) << ": " << shown(rule.at("outcome"));
    if (!rule.at("why").as_string().empty()) std::cout << ", " << shown(rule.at("why"));
    std::cout << '\n';
  }
  if (const auto* refused = answer.if_contains("refused")) {
    std::cout << "refused: " << shown(refused->at("status")) << ' ' << shown(refused->at("code")) << '\n';
    return;
  }
  printNumber("onward", answer.at("onward").as_object());
  for (const auto& target : answer.at("targets").as_array()) {
    std::cout << "target " << shown(target.at("peer")) << " (priority " << shown(target.at("priority")) << ", weight "
              << shown(target.at("weight")) << "): " << shown(target.at("request_uri"))
              << "\n  From: " << shown(target.at("from")) << "\n  headers: " << shown(target.at("header_policy"))
              << '\n';
  }
}

}  // namespace

int explainRoute(const RouteCommand& command) {
  auto config = config::loadOrExplain(command.config);
  if (!config) return explain(config.error());
  const auto policy = call::compile(std::make_shared<const config::Config>(*std::move(config)));
  if (!policy) return explain(policy.error());
  const auto answer = explanation(**policy, command);
  if (!answer) return explain(answer.error());
  if (command.output == Output::json) {
    std::cout << json::serialize(*answer) << '\n';
  } else {
    printText(*answer);
  }
  return answer->if_contains("refused") == nullptr ? 0 : 1;
}

}  // namespace sallyport::app
