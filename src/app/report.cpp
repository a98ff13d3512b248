// SPDX-License-Identifier: Apache-2.0
// The commands that ask: the running edge over its control socket, or, when it does not run, its records.
#include <boost/json.hpp>
#include <iostream>

#include "app/commands.h"
#include "app/peers_report.h"
#include "app/registrations_report.h"
#include "app/trunks_report.h"
#include "config/load.h"
#include "net/unix_server.h"
#include "store/sqlite_call_store.h"
#include "telemetry/text.h"

namespace sallyport::app {
namespace {

namespace json = boost::json;
using What = ReportCommand::What;

constexpr auto kPatience = std::chrono::seconds{10};

// Text of a record or a decision may quote a stranger: nothing of it may steer a terminal.
std::string shown(const json::value& value) {
  if (value.is_string()) return telemetry::visible(std::string_view{value.as_string()});
  return json::serialize(value);
}

std::string_view nameOf(What what) {
  switch (what) {
    case What::status: return "status";
    case What::calls: return "calls";
    case What::registrations: return "registrations";
    case What::peers: return "peers";
    case What::why: return "why";
    case What::evidence: return "evidence";
    case What::drain: return "drain";
    case What::reload: return "reload";
    case What::hangup: return "hangup";
    case What::trunks: return "trunks";
    case What::peerDrain: return "peer-drain";
    case What::peerEnable: return "peer-enable";
    case What::cdr: return "cdr";
  }
  return {};
}

void printMembers(const json::object& object, const std::string& indent) {
  for (const auto& [name, value] : object) {
    if (value.is_object()) {
      std::cout << indent << name << '\n';
      printMembers(value.as_object(), indent + "  ");
    } else if (!value.is_array()) {
      std::cout << indent << std::string{name} << ": " << shown(value) << '\n';
    }
  }
}

void printStatus(const json::object& status) {
  printMembers(status, "");
  for (const auto& listener : status.at("listeners").as_array()) {
    std::cout << "listener " << shown(listener.at("name")) << ": " << shown(listener.at("address")) << '\n';
  }
  for (const auto& peer : status.at("unprotected_peers").as_array())
    std::cout << "UNPROTECTED peer, plain TCP and RTP: " << shown(peer) << '\n';
  for (const auto& peer : status.at("drained_peers").as_array()) std::cout << "drained peer: " << shown(peer) << '\n';
  std::cout << "rules (in the order of judgement)\n";
  for (const auto& rule : status.at("rules").as_array()) {
    std::cout << "  " << shown(rule.at("name")) << " [" << shown(rule.at("mode")) << "] admitted "
              << shown(rule.at("admitted")) << ", refused " << shown(rule.at("refused")) << ", would have refused "
              << shown(rule.at("shadow_refused")) << '\n';
  }
}

// Whom the kernel lets through to the open ports of a live call.
void printKernel(const json::value& call) {
  for (const auto& leg : call.at("legs").as_array()) {
    for (const auto& pinhole : leg.at("pinholes").as_array()) {
      const auto* kernel = pinhole.as_object().if_contains("kernel");
      if (kernel != nullptr)
        std::cout << "kernel: port " << shown(pinhole.at("port")) << " hears " << shown(*kernel) << '\n';
    }
  }
}

void printCalls(const json::object& answer) {
  const auto& calls = answer.at("calls").as_array();
  if (calls.empty()) std::cout << "no live calls\n";
  for (const auto& call : calls) {
    const auto record = telemetry::fromJson(json::serialize(call));
    if (record) std::cout << telemetry::toTable(*record) << '\n';
    printKernel(call);
  }
}

void printWhy(const json::object& answer) {
  const auto& decisions = answer.at("decisions").as_array();
  if (decisions.empty()) std::cout << "no decision about this is remembered\n";
  for (const auto& decision : decisions) {
    const bool shadow = decision.at("shadow").as_bool();
    const bool admitted = std::string_view{decision.at("action").as_string()} == "admit";
    std::cout << (shadow ? "would " : "") << shown(decision.at("action")) << "  " << shown(decision.at("method"))
              << " from " << shown(decision.at("identity")) << " (" << shown(decision.at("peer")) << ", "
              << shown(decision.at("source")) << ") to " << shown(decision.at("request_host")) << '\n';
    if (!admitted) {
      std::cout << "    rule " << shown(decision.at("rule")) << ": " << shown(decision.at("code")) << "; "
                << shown(decision.at("facts")) << '\n';
    }
  }
}

int printAnswer(const ReportCommand& command, const std::string& line) {
  boost::system::error_code failed;
  const auto parsed = json::parse(line, failed);
  if (failed || !parsed.is_object())
    return explain(Error{ErrorKind::internal, "control.reply", "the edge gave no JSON"});
  const auto& answer = parsed.as_object();
  if (const auto* error = answer.if_contains("error")) {
    std::cerr << "sallyport: " << shown(error->at("code")) << ": " << shown(error->at("detail")) << '\n';
    return 1;
  }
  if (command.output == Output::json) {
    std::cout << line << '\n';
    return 0;
  }
  switch (command.what) {
    case What::status: printStatus(answer); break;
    case What::calls: printCalls(answer); break;
    case What::registrations: {
      const auto table = registrationsTable(line);
      if (!table) return explain(table.error());
      std::cout << *table;
      break;
    }
    case What::peers: std::cout << peersTable(line); break;
    case What::why: printWhy(answer); break;
    case What::evidence: {
      const auto record = telemetry::fromJson(line);
      if (!record) return explain(record.error());
      std::cout << telemetry::toTable(*record);
      break;
    }
    case What::drain: std::cout << "draining: no new calls; live ones finish or meet the deadline\n"; break;
    case What::reload: std::cout << "reloaded\n"; break;
    case What::hangup: std::cout << "ended\n"; break;
    case What::trunks: std::cout << trunksTable(line); break;
    case What::peerDrain: std::cout << "drained: no new calls to or from it; live ones go on\n"; break;
    case What::peerEnable: std::cout << "in service\n"; break;
    case What::cdr: break;
  }
  return 0;
}

Result<std::string> ask(const config::Config& config, const ReportCommand& command) {
  const json::object request{{"command", nameOf(command.what)},
                             {"subject", command.subject},
                             {"count", static_cast<std::int64_t>(command.count)}};
  return net::askUnixServer(config.edge.control_socket, json::serialize(request), kPatience);
}

int printRecords(const store::CallReader& reader, const ReportCommand& command) {
  if (command.output == Output::json) {
    const auto done = reader.exportJson([](std::string_view line) {
      std::cout << line << '\n';
      return true;
    });
    return done ? 0 : explain(done.error());
  }
  const auto records = reader.recent(command.count, {});
  if (!records) return explain(records.error());
  for (const auto& record : *records) std::cout << telemetry::toTable(record) << '\n';
  return 0;
}

// The edge does not run: what its records hold is still evidence.
int readRecords(const config::Config& config, const ReportCommand& command) {
  const auto reader = store::SqliteCallStore::openForReading(config.telemetry.cdr);
  if (!reader) return explain(reader.error());
  if (command.what == What::cdr) return printRecords(**reader, command);
  const auto record = (*reader)->find(command.subject);
  if (!record) return explain(record.error());
  if (!*record) return explain(Error{ErrorKind::misconfigured, "call.unknown", "no recorded call with this id"});
  std::cout << (command.output == Output::json ? telemetry::toJson(**record) + "\n" : telemetry::toTable(**record));
  return 0;
}

}  // namespace

int report(const ReportCommand& command) {
  const auto config = config::loadOrExplain(command.config);
  if (!config) return explain(config.error());
  if (command.what == What::cdr) return readRecords(*config, command);
  const auto answer = ask(*config, command);
  if (answer) return printAnswer(command, *answer);
  const bool absent = std::string_view{answer.error().code} == "net.unix.absent";
  if (absent && command.what == What::evidence) return readRecords(*config, command);
  return explain(answer.error());
}

}  // namespace sallyport::app
