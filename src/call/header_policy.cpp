// SPDX-License-Identifier: Apache-2.0
#include "call/header_policy.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "call/header_catalogue.h"
#include "sip/char_class.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kMostLines = 8;      // of one header
constexpr std::size_t kMostBytes = 4'096;  // of all that is carried

static_assert(std::size(kCatalogue) <= HeaderPolicy::kKnown);

// The policies of 2026. A policy with a year never changes; a better one gets another year.
const std::vector<config::HeaderPolicy>& builtIn() {
  static const std::vector<config::HeaderPolicy> rules{
      // Carriers: what steers the call, nothing that names people or things of the inner side.
      {std::string{kTrunkEdge}, "", {"Accept-Language", "Diversion", "P-Early-Media", "Priority", "Reason"}, {}},
      // The voice core: as carriers, and what phones and applications say to each other.
      {std::string{kCore},
       "",
       {"Accept-Language", "Alert-Info", "Diversion", "History-Info", "P-Early-Media", "Priority", "Reason", "Subject",
        "User-to-User"},
       {}},
      // Phones: they show and ring, and are not believed when they speak of diversions or answer for others.
      {std::string{kDeviceEdge}, "", {"Accept-Language", "Alert-Info", "Priority", "Reason", "Subject"}, {}},
  };
  return rules;
}

std::string lowered(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), sip::lower);
  return out;
}

Error wrong(const char* code, const std::string& policy, const std::string& what) {
  return Error{ErrorKind::misconfigured, code, "[header_policy.\"" + policy + "\"]: " + what};
}

std::bitset<HeaderPolicy::kKnown> diversionForms() {
  std::bitset<HeaderPolicy::kKnown> forms;
  for (std::size_t i = 0; i < std::size(kCatalogue); ++i) {
    if (kCatalogue[i].form == HeaderForm::diversion) forms.set(i);
  }
  return forms;
}

}  // namespace

// --- one policy --------------------------------------------------------------------------------------------------

bool HeaderPolicy::allows(std::string_view header) const {
  const auto standing = standingOf(header);
  if (standing.crossing == Crossing::catalogued) return known_.test(standing.entry);
  return standing.crossing == Crossing::custom && std::binary_search(custom_.begin(), custom_.end(), lowered(header));
}

std::vector<std::string> HeaderPolicy::allowed() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::size(kCatalogue); ++i) {
    if (known_.test(i)) names.emplace_back(kCatalogue[i].name);
  }
  names.insert(names.end(), custom_.begin(), custom_.end());
  return names;
}

HeaderPolicy HeaderPolicy::between(const HeaderPolicy& from, const HeaderPolicy& to) {
  HeaderPolicy both;
  both.name_ = from.name_ == to.name_ ? to.name_ : from.name_ + " and " + to.name_;
  both.known_ = from.known_ & to.known_;
  const auto forms = diversionForms();
  if ((from.known_ & forms).any()) both.known_ |= to.known_ & forms;
  std::set_intersection(from.custom_.begin(), from.custom_.end(), to.custom_.begin(), to.custom_.end(),
                        std::back_inserter(both.custom_));
  return both;
}

// --- all of them -------------------------------------------------------------------------------------------------

HeaderPolicies::HeaderPolicies() {
  for (const auto& rules : builtIn()) SP_CHECK(add(rules).ok());
}

const HeaderPolicy* HeaderPolicies::find(std::string_view name) const {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& policy) { return policy->name_ == name; });
  return found == all_.end() ? nullptr : found->get();
}

// `rules` whose base is resolved already.
Status HeaderPolicies::add(const config::HeaderPolicy& rules) {
  auto policy = std::make_shared<HeaderPolicy>();
  if (!rules.extends.empty()) *policy = *find(rules.extends);
  policy->name_ = rules.name;
  const auto change = [&](const std::string& header, bool allow) -> Status {
    const auto standing = standingOf(header);
    if (standing.crossing == Crossing::never && allow)
      return wrong("call.header_policy.never", rules.name, header + " is each side's own to write");
    if (standing.crossing == Crossing::unknown)
      return wrong("call.header_policy.unknown_header", rules.name, header + " is no header that could cross");
    if (standing.crossing == Crossing::catalogued) policy->known_.set(standing.entry, allow);
    if (standing.crossing != Crossing::custom) return success();
    auto& custom = policy->custom_;
    const auto name = lowered(header);
    const auto place = std::lower_bound(custom.begin(), custom.end(), name);
    const bool stands = place != custom.end() && *place == name;
    if (allow && !stands) custom.insert(place, name);
    if (!allow && stands) custom.erase(place);
    return success();
  };
  for (const auto& header : rules.allow) SP_TRY(change(header, true));
  for (const auto& header : rules.drop) SP_TRY(change(header, false));
  all_.push_back(std::move(policy));
  return success();
}

Result<HeaderPolicies> HeaderPolicies::make(const std::vector<config::HeaderPolicy>& rules) {
  HeaderPolicies out;
  for (auto rule = rules.begin(); rule != rules.end(); ++rule) {
    const bool twice = std::any_of(rules.begin(), rule, [&](const auto& other) { return other.name == rule->name; });
    if (rule->name.empty() || out.find(rule->name) != nullptr || twice)
      return wrong("call.header_policy.name", rule->name, "a name must be said once, and be none of ours");
  }
  // Whatever extends something that is resolved, until nothing more is: the rest extends itself or nobody.
  std::vector<const config::HeaderPolicy*> open;
  for (const auto& rule : rules) open.push_back(&rule);
  while (!open.empty()) {
    const auto before = open.size();
    for (auto& rule : open) {
      if (!rule->extends.empty() && out.find(rule->extends) == nullptr) continue;
      SP_TRY(out.add(*rule));
      rule = nullptr;
    }
    open.erase(std::remove(open.begin(), open.end(), nullptr), open.end());
    if (open.size() < before) continue;
    for (const auto* rule : open) {
      const bool exists =
          std::any_of(rules.begin(), rules.end(), [&](const auto& other) { return other.name == rule->extends; });
      if (!exists) return wrong("call.header_policy.extends", rule->name, "there is no policy '" + rule->extends + "'");
    }
    return wrong("call.header_policy.cycle", open.front()->name,
                 "it extends itself by way of '" + open.front()->extends + "'");
  }
  return out;
}

// --- selection ---------------------------------------------------------------------------------------------------

namespace {

class Selection {
 public:
  void add(std::string_view name, std::string value) {
    bytes_ += name.size() + value.size();
    if (bytes_ <= kMostBytes) carried_.emplace_back(name, std::move(value));
  }
  std::size_t lines(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(carried_.begin(), carried_.end(), [&](const auto& header) {
      return sip::equalsIgnoringCase(header.first, name);
    }));
  }
  CarriedHeaders take() { return std::move(carried_); }

 private:
  CarriedHeaders carried_;
  std::size_t bytes_ = 0;
};

void addDiversions(Selection& selection, const sip::Message& message, const HeaderPolicy& policy,
                   const HeaderCrossing& crossing) {
  const bool as_diversion = policy.allows("Diversion");
  const bool as_history = policy.allows("History-Info");
  if (!message.isRequest() || (!as_diversion && !as_history)) return;
  const auto diversions = diversionsOf(message);
  const DiversionStyle style{crossing.own_host, crossing.target_user, crossing.history};
  if (as_history) {
    for (auto& line : asHistoryInfo(diversions, style)) selection.add("History-Info", std::move(line));
  }
  if (as_diversion) {
    for (auto& line : asDiversion(diversions, style)) selection.add("Diversion", std::move(line));
  }
}

}  // namespace

CarriedHeaders select(const sip::Message& message, const HeaderPolicy& policy, const HeaderCrossing& crossing) {
  Selection selection;
  for (const auto& field : message.headers()) {
    const auto standing = standingOf(field.id == sip::HeaderId::other ? field.name : sip::toString(field.id));
    if (standing.crossing != Crossing::catalogued && standing.crossing != Crossing::custom) continue;
    const bool catalogued = standing.crossing == Crossing::catalogued;
    const auto name = catalogued ? kCatalogue[standing.entry].name : field.name;
    if (!policy.allows(name) || selection.lines(name) >= kMostLines) continue;
    if (auto value = carriedValue(catalogued ? kCatalogue[standing.entry].form : HeaderForm::text, field.value))
      selection.add(name, *std::move(value));
  }
  addDiversions(selection, message, policy, crossing);
  return selection.take();
}

}  // namespace sallyport::call
