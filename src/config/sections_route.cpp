// SPDX-License-Identifier: Apache-2.0
// [[route]], [header_policy.NAME], [registrar], [dns].
#include "config/section_readers.h"

namespace sallyport::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kUserForm = "a user (\"alice\"), a prefix (\"+49*\") or \"*\"";
constexpr std::string_view kRewriteForm = "a user in which only {user}, {number} and {rest} stand for something";

std::optional<std::string> callerPattern(std::string_view text) {
  const auto pattern = parseUserPattern(text);
  if (!pattern) return std::nullopt;
  return pattern->toString();
}

void readTargets(TableReader& route, std::vector<RouteTarget>& targets) {
  const auto* node = route.take("to");
  if (node == nullptr || node->kind == Node::Kind::text) {
    RouteTarget target;
    route.name("to", target.peer);
    if (!target.peer.empty()) targets.push_back(std::move(target));
    if (route.reading().settings == nullptr) return;
  }
  route.tables("to", [&](TableReader& table) {
    auto& target = targets.emplace_back();
    table.require("peer", "peer = \"core\": a [[peer]], or \"device\"");
    table.name("peer", target.peer);
    table.number("priority", target.priority, 0, 65'535);
    table.number("weight", target.weight, 0, 65'535);
  });
}

void readTime(TableReader& route, RouteTime& time) {
  route.table("time", [&](TableReader& table) {
    table.require("spans", "spans = [\"Mon-Fri 08:00-18:00\"]");
    table.list("spans", time.spans, timeSpan, "a time such as \"Mon-Fri 08:00-18:00\" or \"22:00-06:00\"");
    table.parsed("utc_offset", time.utc_offset, parseUtcOffset, "an offset such as \"+01:00\"");
  });
}

}  // namespace

void readRoute(TableReader& table, Route& route) {
  if (!table.has("user_regex") && !table.has("number")) table.require("user", "user = \"*\" takes every user");
  if (!table.has("refuse")) {
    table.require("to", "to = \"core\": the [[peer]] to call, \"device\" for registered phones; or refuse = 603");
  }
  table.parsed("user", route.user, parseUserPattern, kUserForm);
  table.parsed("user_regex", route.user_regex, boundedText, "an expression of 1 to 256 visible ASCII characters");
  table.parsed("number", route.number, numberPattern,
               "a number in E.164 (\"+4930123\") or the beginning of one (\"+49*\")");
  table.parsed("caller", route.caller, callerPattern, kUserForm);
  table.parsed("domain", route.domain, parseHost, kHostForm);
  table.name("from_peer", route.from_peer);
  readTime(table, route.time);
  readTargets(table, route.to);
  table.number("refuse", route.refuse, 400, 699);
  table.parsed("rewrite", route.rewrite, parseRewrite, kRewriteForm);
  table.parsed("header_policy", route.header_policy, parsePolicyName, kPolicyNameForm);
}

void readHeaderPolicies(TableReader& table, std::vector<HeaderPolicy>& policies) {
  const auto read = [&](TableReader& entry, std::string_view name) {
    auto& policy = policies.emplace_back();
    policy.name = name;
    entry.parsed("extends", policy.extends, parsePolicyName, kPolicyNameForm);
    entry.list("allow", policy.allow, parseHeaderName, "the name of a header");
    entry.list("drop", policy.drop, parseHeaderName, "the name of a header");
  };
  for (const auto& child : table.node().children) {
    if (!parsePolicyName(child.key)) {
      table.take(child.key);
      table.problems().error(
          child.key_place, "config.value.form",
          "[header_policy.\"" + child.key + "\"] must have " + std::string{kPolicyNameForm} + " as its name");
      continue;
    }
    table.table(child.key, [&](TableReader& entry) { read(entry, child.key); });
  }
  if (table.reading().settings != nullptr) table.table("NAME", [&](TableReader& entry) { read(entry, "NAME"); });
}

void readRegistrar(TableReader& table, Registrar& registrar, const Path& state_dir) {
  table.flag("enabled", registrar.enabled);
  table.duration("min_expires", registrar.min_expires, seconds{10}, hours{24});
  table.duration("default_expires", registrar.default_expires, seconds{10}, hours{24});
  table.duration("max_expires", registrar.max_expires, seconds{10}, hours{24 * 7});
  table.number("max_contacts", registrar.max_contacts, 1, 100);
  table.number("max_users", registrar.max_users, 1, 10'000'000);
  table.name("upstream", registrar.upstream);
  registrar.store = state_dir / "registrations.sqlite";
  table.path("store", registrar.store);
}

void readDns(TableReader& table, Dns& dns) {
  table.list("servers", dns.servers, parseServer, "an address with an optional port such as \"192.0.2.53\"");
  table.duration("timeout", dns.timeout, Milliseconds{100}, seconds{30});
  table.number("attempts", dns.attempts, 1, 10);
}

}  // namespace sallyport::config
