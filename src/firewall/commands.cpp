// SPDX-License-Identifier: Apache-2.0
#include "firewall/commands.h"

#include <charconv>

namespace sallyport::firewall {
namespace {

const std::string kTable = "inet sallyport";

// The words of one family.
struct Words {
  std::string ip, type, suffix;
};
Words wordsOf(IpAddress::Family family) {
  return family == IpAddress::Family::v4 ? Words{"ip", "ipv4_addr", "4"} : Words{"ip6", "ipv6_addr", "6"};
}

// On a wildcard address the port alone is the key: datagrams come to whichever address the host has.
std::string keyType(const Words& words, const IpAddress& local) {
  return local.isUnspecified() ? "inet_service" : words.type + " . inet_service";
}
std::string keyExpression(const Words& words, const IpAddress& local) {
  return local.isUnspecified() ? "udp dport" : words.ip + " daddr . udp dport";
}
std::string keyOf(const Endpoint& local) {
  const auto port = std::to_string(local.port);
  return local.address.isUnspecified() ? port : local.address.toString() + " . " + port;
}

std::string line(const std::string& command, const std::string& object, const std::string& rest) {
  return command + " " + object + " " + kTable + " " + rest + "\n";
}

std::string familyCommands(const Scope& scope, IpAddress::Family family) {
  const auto& local = scope.of(family);
  if (!local) return {};
  const auto words = wordsOf(family);
  const auto limits = "; size " + std::to_string(scope.most) + "; flags timeout; }";
  const auto chain = "media" + words.suffix;
  const auto key = keyExpression(words, *local);
  return line("add", "set", "any" + words.suffix + " { type " + keyType(words, *local) + limits) +
         line("add", "set", "from" + words.suffix + " { type " + keyType(words, *local) + " . " + words.type + limits) +
         line("add", "chain", chain) +
         line("add", "rule", chain + " " + key + " . " + words.ip + " saddr @from" + words.suffix + " accept") +
         line("add", "rule", chain + " " + key + " @any" + words.suffix + " accept") +
         line("add", "rule", chain + " counter name dropped drop");
}

std::string jump(const Scope& scope, IpAddress::Family family) {
  const auto& local = scope.of(family);
  if (!local) return {};
  const auto words = wordsOf(family);
  const auto where =
      local->isUnspecified() ? "meta nfproto ipv" + words.suffix : words.ip + " daddr " + local->toString();
  return line("add", "rule",
              "input " + where + " udp dport " + std::to_string(scope.ports.first) + "-" +
                  std::to_string(scope.ports.last) + " goto media" + words.suffix);
}

// "any4 { 192.0.2.1 . 20000 timeout 60s }", or "from4 { 192.0.2.1 . 20000 . 198.51.100.7 }".
std::string element(const Endpoint& local, const std::optional<IpAddress>& source, const std::string& options) {
  const auto suffix = wordsOf(local.address.family()).suffix;
  if (!source) return "any" + suffix + " { " + keyOf(local) + options + " }";
  return "from" + suffix + " { " + keyOf(local) + " . " + source->toString() + options + " }";
}

}  // namespace

std::string setUpCommands(const Scope& scope) {
  return line("add", "table", "") + line("delete", "table", "") + line("add", "table", "{ flags owner; }") +
         line("add", "counter", "dropped") + familyCommands(scope, IpAddress::Family::v4) +
         familyCommands(scope, IpAddress::Family::v6) +
         line("add", "chain", "input { type filter hook input priority -10; policy accept; }") +
         jump(scope, IpAddress::Family::v4) + jump(scope, IpAddress::Family::v6);
}

std::string tearDownCommands() { return line("delete", "table", ""); }

std::string filterCommands(const Scope& scope) {
  return passCommands() + jump(scope, IpAddress::Family::v4) + jump(scope, IpAddress::Family::v6);
}

std::string passCommands() { return line("flush", "chain", "input"); }

std::string openCommands(const Endpoint& local, const std::optional<IpAddress>& source, std::chrono::seconds timeout) {
  return line("add", "element", element(local, source, " timeout " + std::to_string(timeout.count()) + "s"));
}

// Deleting what has timed out is an error and would undo the transaction; adding what is there is not one.
std::string closeCommands(const Endpoint& local, const std::optional<IpAddress>& source) {
  const auto which = element(local, source, "");
  return line("add", "element", which) + line("delete", "element", which);
}

std::string countCommands() { return line("list", "counter", "dropped"); }

std::uint64_t droppedIn(const std::string& printed) {
  constexpr std::string_view kWord = "packets ";
  const auto at = printed.find(kWord);
  std::uint64_t count = 0;
  if (at != std::string::npos)
    std::from_chars(printed.data() + at + kWord.size(), printed.data() + printed.size(), count);
  return count;
}

}  // namespace sallyport::firewall
