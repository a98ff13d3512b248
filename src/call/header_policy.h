// SPDX-License-Identifier: Apache-2.0
#pragma once
// What of one side's headers is carried to the other: a named, versioned allow-list per peer. A header crosses
// only when the policies of both peers name it; what a side must write itself (Via, Contact, From, identities,
// authentication, ...) can be named by nobody. Values are re-checked on their way: bounded in number and length,
// text without control bytes, and cut to the harmless form where one is known (Alert-Info: urn: only, RFC 7462).
//
// RFC 5806 (Diversion), RFC 7044 (History-Info) and RFC 7544 (one as the other), RFC 7433 (User-to-User), RFC 3326
// (Reason). Compiled at load, immutable, shared by every worker.

#include <bitset>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call/diversion.h"
#include "config/config.h"
#include "core/result.h"
#include "sip/message.h"

namespace sallyport::call {

inline constexpr std::string_view kTrunkEdge = "trunk-edge@2026";
inline constexpr std::string_view kCore = "core@2026";
inline constexpr std::string_view kDeviceEdge = "device-edge@2026";

class HeaderPolicy {
 public:
  static constexpr std::size_t kKnown = 32;  // headers of the catalogue, at most

  const std::string& name() const { return name_; }
  bool allows(std::string_view header) const;
  std::vector<std::string> allowed() const;  // canonical names, sorted
  // What a policy is for both sides of a call: a header crosses when both allow it. Diversion and History-Info
  // count as one there, written in the form that `to` allows.
  static HeaderPolicy between(const HeaderPolicy& from, const HeaderPolicy& to);

 private:
  friend class HeaderPolicies;
  std::string name_;
  std::bitset<kKnown> known_;
  std::vector<std::string> custom_;  // lower case, sorted
};

// The built-in policies and those of the configuration, resolved.
class HeaderPolicies {
 public:
  HeaderPolicies();  // the built-in ones
  // Errors, kind misconfigured: "call.header_policy.name" (empty, built in, or twice), ".extends" (unknown),
  // ".cycle", ".unknown_header" (no header of the catalogue and no X- or P- name), ".never" (ours to write).
  static Result<HeaderPolicies> make(const std::vector<config::HeaderPolicy>& rules);

  const HeaderPolicy* find(std::string_view name) const;  // null when there is none

 private:
  Status add(const config::HeaderPolicy& rules);

  std::vector<std::shared_ptr<const HeaderPolicy>> all_;
};

struct HeaderCrossing {
  std::string_view own_host;     // stands for every host of the far side in Diversion and History-Info
  std::string_view target_user;  // as the other side is asked for it, escaped: where History-Info ends
  History history = History::respectPrivacy;
};

using CarriedHeaders = std::vector<std::pair<std::string, std::string>>;  // name, value: one line each
CarriedHeaders select(const sip::Message& message, const HeaderPolicy& policy, const HeaderCrossing& crossing);

}  // namespace sallyport::call
