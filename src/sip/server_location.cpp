// SPDX-License-Identifier: Apache-2.0
#include "sip/server_location.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/special_purpose.h"
#include "sip/header_values.h"
#include "sip/message.h"

namespace sallyport::sip {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kMostOwners = 4;  // of SRV records, by NAPTR
constexpr std::string_view kNoService = ".";

bool isName(std::string_view text) { return text.size() <= kLongestName && isHost(text) && !IpAddress::parse(text); }

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (!out.empty() && out.back() == '.') out.pop_back();
  return out;
}

// RFC 2782: those without weight first, then the first whose running sum reaches a random number.
std::size_t pickWeighted(const std::vector<ServerRank>& ranks, const std::vector<std::size_t>& group,
                         const RandomBelow& random) {
  const auto sum = std::accumulate(group.begin(), group.end(), std::uint32_t{0},
                                   [&](std::uint32_t total, std::size_t i) { return total + ranks[i].weight; });
  const auto drawn = random(sum + 1);
  std::uint32_t running = 0;
  for (std::size_t at = 0; at < group.size(); ++at) {
    running += ranks[group[at]].weight;
    if (running >= drawn) return at;
  }
  return group.size() - 1;
}

}  // namespace

std::vector<std::size_t> orderByRank(const std::vector<ServerRank>& ranks, const RandomBelow& random) {
  std::vector<std::size_t> sorted(ranks.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::stable_sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple{ranks[a].priority, ranks[a].weight != 0} < std::tuple{ranks[b].priority, ranks[b].weight != 0};
  });
  std::vector<std::size_t> order;
  for (auto from = sorted.begin(); from != sorted.end();) {
    const auto to =
        std::find_if(from, sorted.end(), [&](std::size_t i) { return ranks[i].priority != ranks[*from].priority; });
    std::vector<std::size_t> group{from, to};
    while (!group.empty()) {
      const auto picked = group.begin() + static_cast<std::ptrdiff_t>(pickWeighted(ranks, group, random));
      order.push_back(*picked);
      group.erase(picked);
    }
    from = to;
  }
  return order;
}

std::vector<Candidate> Located::candidates(const RandomBelow& random) const {
  std::vector<ServerRank> ranks;
  for (const auto& server : servers_) ranks.push_back(server.rank);
  std::vector<Candidate> all;
  for (const auto index : orderByRank(ranks, random)) {
    for (const auto& endpoint : servers_[index].addresses) all.push_back(Candidate{endpoint, identity_});
  }
  return all;
}

Result<ServerLocation> ServerLocation::begin(ServerQuery query) {
  if (query.scheme == ServerQuery::Scheme::sips && query.transport != ServerQuery::Transport::tls)
    return Error{ErrorKind::misconfigured, "sip.location.sips", "a sips: URI is reached over TLS only: " + query.host};
  if (query.families.empty())
    return Error{ErrorKind::misconfigured, "sip.location.family", "neither IPv4 nor IPv6 can be reached"};
  const auto numeric = IpAddress::parse(query.host);
  query.host = lower(query.host);
  if (!numeric && !isName(query.host))
    return Error{ErrorKind::misconfigured, "sip.location.host", "no domain name and no address: " + query.host};
  ServerLocation location{std::move(query)};
  location.located_.identity_ = location.query_.host;
  if (numeric) {
    location.finishNumeric(*numeric);
  } else if (location.query_.port) {
    location.askAddresses();
  } else {
    location.ask({location.query_.host, DnsType::naptr});
  }
  return location;
}

std::uint16_t ServerLocation::defaultPort() const {
  return query_.transport == ServerQuery::Transport::tls ? 5061 : 5060;
}

std::string ServerLocation::serviceOwner() const {
  return (query_.transport == ServerQuery::Transport::tls ? "_sips._tcp." : "_sip._tcp.") + query_.host;
}

// An address that the operator wrote is believed.
void ServerLocation::finishNumeric(const IpAddress& address) {
  located_.servers_.push_back({{}, query_.host, {{address, query_.port.value_or(defaultPort())}}});
  outcome_ = located_;
}

std::vector<DnsQuestion> ServerLocation::takeQuestions() { return std::exchange(to_ask_, {}); }

void ServerLocation::ask(DnsQuestion question) {
  if (asked_.emplace(question, std::nullopt).second) to_ask_.push_back(std::move(question));
}

void ServerLocation::answered(const DnsQuestion& question, const Result<DnsAnswer>& answer) {
  const auto found = asked_.find(question);
  if (done() || found == asked_.end() || found->second) return;
  found->second = answer;
  if (answer) ttl_ = std::min(ttl_.value_or(answer->ttl), answer->ttl);
  switch (step_) {
    case Step::pointers: return takePointers(answer);
    case Step::services: return takeServices(answer);
    case Step::addresses: return takeAddresses();
  }
}

// RFC 3263 4.1 with the transport given: NAPTR says no more than where its SRV records are. A server that
// does not answer for NAPTR is as one without.
void ServerLocation::takePointers(const Result<DnsAnswer>& answer) {
  auto pointers = answer ? answer->pointers : std::vector<NaptrRecord>{};
  const std::string_view wanted = query_.transport == ServerQuery::Transport::tls ? "SIPS+D2T" : "SIP+D2T";
  std::erase_if(pointers, [&](const NaptrRecord& record) {
    return !equalsIgnoringCase(record.flags, "s") || !equalsIgnoringCase(record.service, wanted) ||
           !record.regexp.empty() || !isName(record.replacement);
  });
  std::stable_sort(pointers.begin(), pointers.end(), [](const NaptrRecord& a, const NaptrRecord& b) {
    return std::tuple{a.order, a.preference} < std::tuple{b.order, b.preference};
  });
  for (const auto& record : pointers) {
    if (record.order != pointers.front().order || owners_.size() == kMostOwners) break;
    owners_.push_back(lower(record.replacement));
  }
  if (std::find(owners_.begin(), owners_.end(), serviceOwner()) == owners_.end()) owners_.push_back(serviceOwner());
  std::reverse(owners_.begin(), owners_.end());  // the next one is taken from the end
  askNextServices();
}

void ServerLocation::askNextServices() {
  step_ = Step::services;
  asked_.clear();
  if (owners_.empty()) {
    if (declined_) return fail("sip.location.not_offered", query_.host + " has no such service, and says so");
    return askAddresses();
  }
  auto owner = std::move(owners_.back());
  owners_.pop_back();
  ask({std::move(owner), DnsType::srv});
}

// Without an answer the port would be a guess: the servers that were known serve better.
void ServerLocation::takeServices(const Result<DnsAnswer>& answer) {
  if (!answer) return fail("sip.location.unavailable", describe(answer.error()));
  services_ = answer->services;
  if (services_.empty()) return askNextServices();
  std::erase_if(services_, [](const SrvRecord& record) { return record.port == 0 || !isName(record.target); });
  if (services_.empty()) {
    declined_ = declined_ || std::any_of(answer->services.begin(), answer->services.end(),
                                         [](const SrvRecord& record) { return record.target == kNoService; });
    return askNextServices();
  }
  std::stable_sort(services_.begin(), services_.end(),
                   [](const SrvRecord& a, const SrvRecord& b) { return a.priority < b.priority; });
  if (services_.size() > kMostServices) services_.resize(kMostServices);
  askAddresses();
}

void ServerLocation::askAddresses() {
  step_ = Step::addresses;
  asked_.clear();
  if (services_.empty()) services_.push_back({0, 0, query_.port.value_or(defaultPort()), query_.host});
  for (auto& service : services_) {
    service.target = lower(service.target);
    for (const auto family : query_.families)
      ask({service.target, family == IpAddress::Family::v6 ? DnsType::aaaa : DnsType::a});
  }
}

void ServerLocation::takeAddresses() {
  if (!std::all_of(asked_.begin(), asked_.end(), [](const auto& one) { return one.second.has_value(); })) return;
  std::string failure;
  std::size_t left = kMostCandidates;
  for (const auto& service : services_) {
    LocatedServer server{{service.priority, service.weight}, service.target, {}};
    for (const auto family : query_.families) {
      const auto type = family == IpAddress::Family::v6 ? DnsType::aaaa : DnsType::a;
      const auto& answer = *asked_.at({service.target, type});
      if (!answer) {
        failure = describe(answer.error());
        continue;
      }
      for (const auto& address : answer->addresses) keep(address, service.port, server);
    }
    if (server.addresses.size() > left) server.addresses.resize(left);
    left -= server.addresses.size();
    if (!server.addresses.empty()) located_.servers_.push_back(std::move(server));
  }
  if (!located_.servers_.empty()) {
    located_.ttl_ = ttl_.value_or(std::chrono::seconds{0});
    outcome_ = located_;
  } else if (!failure.empty()) {
    fail("sip.location.unavailable", failure);
  } else if (refused_) {
    fail("sip.location.special_purpose", query_.host + " leads to " + refused_->toString() + " (" +
                                             std::string{sallyport::toString(specialPurposeOf(*refused_))} +
                                             "), which is not in the peer's networks");
  } else {
    fail("sip.location.none", query_.host + " has no address");
  }
}

void ServerLocation::keep(const IpAddress& address, std::uint16_t port, LocatedServer& server) {
  const bool believed = specialPurposeOf(address) == SpecialPurpose::none ||
                        std::any_of(query_.networks.begin(), query_.networks.end(),
                                    [&](const IpNetwork& network) { return network.contains(address); });
  if (believed) {
    const Endpoint endpoint{address, port};
    const auto& known = server.addresses;
    if (std::find(known.begin(), known.end(), endpoint) == known.end()) server.addresses.push_back(endpoint);
    return;
  }
  ++located_.refused_;
  if (!refused_) refused_ = address;
}

void ServerLocation::fail(const char* code, std::string detail) {
  outcome_ = Error{ErrorKind::unavailable, code, std::move(detail)};
}

}  // namespace sallyport::sip
