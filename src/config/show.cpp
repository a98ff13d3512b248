// SPDX-License-Identifier: Apache-2.0
#include "config/show.h"

#include <algorithm>
#include <cstdio>

#include "config/text_values.h"
#include "config/toml_text.h"

namespace sallyport::config {
namespace {

template <typename Items, typename Text>
std::string listOf(const Items& items, Text text) {
  std::vector<std::string> texts;
  for (const auto& item : items) texts.emplace_back(text(item));
  return tomlList(texts);
}

std::string duration(std::chrono::seconds value) { return tomlText(durationText(value)); }
std::string flag(bool value) { return value ? "true" : "false"; }

std::string rate(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// "{ a = 1, b = 2 }" of what is set.
class Inline {
 public:
  Inline& add(std::string_view key, const std::string& value) {
    text_ += (text_.empty() ? "" : ", ") + std::string{key} + " = " + value;
    return *this;
  }
  bool empty() const { return text_.empty(); }
  std::string text() const { return "{ " + text_ + " }"; }

 private:
  std::string text_;
};

class Shown {
 public:
  explicit Shown(const Peer& peer) : peer_(peer) {}

  void line(std::string_view key, const std::string& value) {
    std::string line = std::string{key} + " = " + value;
    const auto& inherited = peer_.from_preset;
    if (std::find(inherited.begin(), inherited.end(), key) != inherited.end()) {
      if (line.size() < kRemarkColumn) line.append(kRemarkColumn - line.size(), ' ');
      line += "  # preset " + peer_.preset;
    }
    text_ += line + "\n";
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) line(key, tomlText(value));
  }
  template <typename Items, typename Text>
  void list(std::string_view key, const Items& items, Text text_of) {
    if (!items.empty()) line(key, listOf(items, text_of));
  }
  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kRemarkColumn = 44;
  const Peer& peer_;
  std::string text_ = "[[peer]]\n";
};

std::string same(const std::string& text) { return text; }

void showConnection(const Peer& peer, Shown& out) {
  out.text("listener", peer.listener);
  if (peer.address) out.text("address", peer.address->toString());
  if (peer.host) out.text("host", peer.host->toString());
  std::string targets;
  for (const auto& target : peer.targets) {
    Inline table;
    if (target.host) {
      table.add("host", tomlText(target.host->toString()));
    } else {
      table.add("address", tomlText(target.address.toString()));
    }
    table.add("priority", std::to_string(target.priority)).add("weight", std::to_string(target.weight));
    targets += (targets.empty() ? "" : ", ") + table.text();
  }
  if (!targets.empty()) out.line("targets", "[" + targets + "]");
  out.text("server_name", peer.server_name);
  out.line("unprotected", flag(peer.unprotected));
  out.text("tls", toString(peer.tls));
  out.line("tls12_only", flag(peer.tls12_only));
  out.text("certificate", toString(peer.certificate));
  if (peer.options_interval) out.line("options_interval", duration(*peer.options_interval));
  out.line("last_resort", flag(peer.last_resort));
}

std::string numbers(const std::vector<unsigned>& values) {
  std::string text;
  for (const auto value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return "[" + text + "]";
}

void showPolicy(const Policy& policy, Shown& out) {
  out.text("tier", toString(policy.tier));
  out.list("suites", policy.suites, same);
  out.list("media", policy.media, [](Keying each) { return toString(each); });
  out.text("ice", toString(policy.ice));
  out.list("codecs", policy.codecs, [](Codec each) { return toString(each); });
  out.text("transcode", toString(policy.transcode));
  if (policy.ptime) out.line("ptime", std::to_string(*policy.ptime));
  out.text("dtmf", toString(policy.dtmf));
  if (policy.max_calls) out.line("max_calls", std::to_string(*policy.max_calls));
  if (policy.call_rate) out.line("call_rate", rate(*policy.call_rate));
  out.list("authentication", policy.authentication, [](const Proofs& each) { return toString(each); });
  out.list("digest_algorithms", policy.digest_algorithms, [](DigestAlgorithm each) { return toString(each); });
  out.text("header_policy", policy.header_policy);
  out.list("methods", policy.methods, same);
  out.text("sips", toString(policy.sips));
  out.line("follow_redirects", flag(policy.follow_redirects));
  out.line("failover_statuses", numbers(policy.failover_statuses));
}

void showLimits(std::string_view key, const TrunkLimits& limits, Shown& out) {
  Inline table;
  if (limits.calls) table.add("calls", std::to_string(*limits.calls));
  if (limits.calls_per_second) table.add("calls_per_second", rate(*limits.calls_per_second));
  if (!table.empty()) out.line(key, table.text());
}

void showTrunk(const Peer& peer, Shown& out) {
  if (peer.credentials) {
    out.line("credentials", Inline{}
                                .add("username", tomlText(peer.credentials->username))
                                .add("realm", tomlText(peer.credentials->realm))
                                .add("password_file", tomlText(peer.credentials->password_file.string()))
                                .text());
  }
  if (peer.registration) {
    out.line("registration", Inline{}
                                 .add("aor", tomlText(peer.registration->aor))
                                 .add("expires", duration(peer.registration->expires))
                                 .text());
  }
  showLimits("limits_in", peer.limits_in, out);
  showLimits("limits_out", peer.limits_out, out);
  if (peer.channels) out.line("channels", std::to_string(*peer.channels));
  Inline numbers;
  if (!peer.numbers.country.empty()) numbers.add("country", tomlText(peer.numbers.country));
  if (!peer.numbers.area.empty()) numbers.add("area", tomlText(peer.numbers.area));
  out.line("numbers", numbers.add("outgoing", tomlText(toString(peer.numbers.outgoing))).text());
  out.list("numbers_allowed", peer.numbers_allowed, same);
  out.list("users_allowed", peer.users_allowed, same);
}

}  // namespace

std::string showPeer(const Peer& peer) {
  Shown out{peer};
  out.text("name", peer.name);
  out.list("identities", peer.identities, [](const Identity& each) { return each.toString(); });
  out.text("trust", peer.trust);
  out.text("eku", toString(peer.eku));
  out.line("wildcard", flag(peer.wildcard));
  out.list("networks", peer.networks, [](const IpNetwork& each) { return each.toString(); });
  showConnection(peer, out);
  showPolicy(peer.policy, out);
  showTrunk(peer, out);
  out.text("on_foreign_identity", toString(peer.on_foreign_identity));
  out.text("asserted_identity", peer.asserted_identity);
  out.text("disclosure", toString(peer.disclosure));
  out.line("path", flag(peer.path));
  out.line("contact_by_name", flag(peer.contact_by_name));
  out.line("user_phone", flag(peer.user_phone));
  return out.take();
}

}  // namespace sallyport::config
