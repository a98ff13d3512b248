// SPDX-License-Identifier: Apache-2.0
#include "app/registrations_report.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "telemetry/text.h"

namespace sallyport::app {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8> kTitles = {"ADDRESS", "CONTACT", "PROVEN AS",  "FLOW",
                                                     "WORKER",  "EXPIRES", "USER AGENT", "SOURCE"};
using Row = std::array<std::string, kTitles.size()>;

std::int64_t secondsLeft(WallTime then, WallTime now) {
  return std::chrono::duration_cast<std::chrono::seconds>(then - now).count();
}

json::object registrationObject(const call::Binding& binding, WallTime now) {
  json::object object{{"aor", telemetry::validUtf8(binding.aor)},
                      {"contact", telemetry::validUtf8(binding.contact.uri)},
                      {"instance", telemetry::validUtf8(binding.contact.instance)},
                      {"reg_id", std::uint64_t{binding.contact.reg_id}},
                      {"q", binding.q / static_cast<double>(call::kWholeQ)},
                      {"peer", binding.peer},
                      {"identity", telemetry::validUtf8(binding.identity)},
                      {"proof", binding.proof},
                      {"flow", binding.flow.has_value()},
                      {"worker", std::uint64_t{binding.worker}},
                      {"registered", telemetry::timeText(binding.registered)},
                      {"expires_in_seconds", secondsLeft(binding.expires, now)},
                      {"user_agent", telemetry::validUtf8(binding.user_agent)},
                      {"source", binding.source.toString()},
                      {"transport", toString(binding.transport)},
                      {"path", telemetry::validUtf8(binding.path)}};
  if (binding.upstream.cseq != 0) {
    object["upstream_expires_in_seconds"] = secondsLeft(binding.upstream.expires, now);
  }
  return object;
}

std::string text(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr) return {};
  return telemetry::visible(member->is_string() ? std::string{member->as_string()} : json::serialize(*member));
}

Row rowOf(const json::object& binding) {
  const auto* flow = binding.if_contains("flow");
  const bool alive = flow != nullptr && flow->is_bool() && flow->as_bool();
  return {text(binding, "aor"),
          text(binding, "contact"),
          text(binding, "identity") + " (" + text(binding, "proof") + ")",
          alive ? "alive" : "none",
          alive ? text(binding, "worker") : "-",
          text(binding, "expires_in_seconds") + " s",
          text(binding, "user_agent"),
          text(binding, "source") + "/" + text(binding, "transport")};
}

}  // namespace

std::string registrationsJson(const std::vector<call::BindingPtr>& bindings, WallTime now) {
  json::array all;
  for (const auto& binding : bindings) {
    if (all.size() == kMostRegistrations) break;
    all.push_back(registrationObject(*binding, now));
  }
  return json::serialize(
      json::object{{"registrations", std::move(all)}, {"total", static_cast<std::int64_t>(bindings.size())}});
}

Result<std::string> registrationsTable(std::string_view json_text) {
  boost::system::error_code failed;
  const auto parsed = json::parse(json_text, failed);
  const auto* answer = failed ? nullptr : parsed.if_object();
  const auto* listed = answer == nullptr ? nullptr : answer->if_contains("registrations");
  const auto* total = answer == nullptr ? nullptr : answer->if_contains("total");
  if (listed == nullptr || !listed->is_array() || total == nullptr || !total->is_int64()) {
    return Error{ErrorKind::internal, "control.reply", "no registrations in it"};
  }
  const auto& bindings = listed->as_array();
  if (bindings.empty()) return std::string{"nobody is registered\n"};
  std::vector<Row> rows{Row{}};
  std::copy(kTitles.begin(), kTitles.end(), rows.front().begin());
  for (const auto& binding : bindings) {
    if (binding.is_object()) rows.push_back(rowOf(binding.as_object()));
  }
  std::array<std::size_t, kTitles.size()> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], telemetry::displayWidth(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - telemetry::displayWidth(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  if (const auto all = static_cast<std::size_t>(total->as_int64()); all > bindings.size()) {
    out += "and " + std::to_string(all - bindings.size()) + " more: ask for one address\n";
  }
  return out;
}

}  // namespace sallyport::app
