// SPDX-License-Identifier: Apache-2.0
#include "net/dns_cache.h"

#include <algorithm>

namespace sallyport::net {
namespace {

std::chrono::seconds left(TimePoint until, TimePoint now) {
  return std::chrono::ceil<std::chrono::seconds>(until - now);
}

}  // namespace

std::optional<DnsAnswer> DnsCache::find(const DnsQuestion& question, TimePoint now) const {
  const auto found = entries_.find(question);
  if (found == entries_.end()) return std::nullopt;
  const auto& entry = found->second;
  if (now < entry.good_until) {
    auto answer = entry.answer;
    answer.ttl = left(entry.good_until, now);
    return answer;
  }
  if (now < entry.left_alone_until && now < entry.good_until + limits_.stale) return stale(entry, now);
  return std::nullopt;
}

DnsAnswer DnsCache::put(const DnsQuestion& question, DnsAnswer answer, TimePoint now) {
  const auto wanted = answer.empty() ? std::min(answer.ttl, limits_.negative) : std::min(answer.ttl, limits_.longest);
  answer.ttl = std::max(wanted, limits_.shortest);
  answer.freshness = DnsAnswer::Freshness::current;
  if (entries_.size() >= limits_.entries && !entries_.contains(question)) {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second.good_until < b.second.good_until;
    }));
  }
  entries_.insert_or_assign(question, Entry{answer, now + answer.ttl, {}});
  return answer;
}

std::optional<DnsAnswer> DnsCache::fallBack(const DnsQuestion& question, TimePoint now) {
  const auto found = entries_.find(question);
  if (found == entries_.end()) return std::nullopt;
  auto& entry = found->second;
  if (now >= entry.good_until + limits_.stale) {
    entries_.erase(found);
    return std::nullopt;
  }
  entry.left_alone_until = now + limits_.recheck;
  return stale(entry, now);
}

// RFC 8767 4: a stale answer is good for thirty seconds.
DnsAnswer DnsCache::stale(const Entry& entry, TimePoint now) const {
  auto answer = entry.answer;
  answer.ttl = std::max(left(entry.left_alone_until, now), std::chrono::seconds{1});
  answer.freshness = DnsAnswer::Freshness::stale;
  return answer;
}

}  // namespace sallyport::net
