// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every rule between settings needs: the values, where they were written, and where to complain.
// Internal to config; sections.h has the whole.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/sections.h"

namespace sallyport::config {

inline constexpr std::string_view kDeviceWord = "device";  // how routes and records call an enrolled device

struct CheckContext {
  const Node& root;
  const Config& config;
  Problems& problems;
  std::vector<std::string_view> peer_names;
  std::vector<std::string_view> trust_names;

  Place at(std::string_view section, std::string_view key) const { return placeIn(root, section, 0, key); }
  Place at(std::string_view section, std::size_t index, std::string_view key) const {
    return placeIn(root, section, index, key);
  }
  // The value as it was written, in [section] or in the index-th [[section]]; null when it was not.
  const Node* writtenAt(std::string_view section, std::size_t index, std::string_view key) const;

  bool ours(const std::string& domain) const;  // is it among 'domains' in [edge]?

  // `message` says who names what does not exist; `names` are those that do.
  void dangling(Place place, const std::string& message, const std::string& name,
                const std::vector<std::string_view>& names) const;
  void dangling(Place place, const std::string& label, const std::string& trust) const;  // of a [[trust]]

  template <typename Items>
  void checkUniqueNames(std::string_view section, const Items& items) const {
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].name.empty()) continue;
      const auto [first, fresh] = seen.emplace(items[i].name, i);
      if (fresh) continue;
      problems.error(at(section, i, "name"), "config.key.duplicate",
                     "there is already a [[" + std::string{section} + "]] '" + items[i].name + "' at line " +
                         std::to_string(at(section, first->second, "name").line));
    }
  }
};

void checkListeners(const CheckContext& context);
void checkUnprotected(const CheckContext& context);
void checkWeb(const CheckContext& context);
bool canLogIn(const Policy& policy, const WebListener& listener);  // who is known so, from a browser
void checkDevices(const CheckContext& context);
void checkPeers(const CheckContext& context);
void checkRoutes(const CheckContext& context);
void checkHeaderPolicies(const CheckContext& context);
void checkRegistrar(const CheckContext& context);

// Each of `methods` is one we know, and is there once.
void checkMethods(const CheckContext& context, Place place, const std::string& label,
                  const std::vector<std::string>& methods);
// Whether such a policy is built in or written; `label` names it.
void checkHeaderPolicyReference(const CheckContext& context, Place place, const std::string& label,
                                const std::string& policy);

bool collide(const Endpoint& a, const Endpoint& b);  // cannot both be listened on

}  // namespace sallyport::config
