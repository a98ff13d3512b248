// SPDX-License-Identifier: Apache-2.0
#pragma once
// Answers of the DNS for as long as they are good, and for a while longer in case no server answers (serve
// stale, RFC 8767). Bounded; time is an argument. Owned by a Resolver.

#include <chrono>
#include <map>
#include <optional>

#include "core/clock.h"
#include "core/dns.h"

namespace sallyport::net {

struct DnsCacheLimits {
  std::size_t entries = 4'096;
  std::chrono::seconds shortest{5};  // whatever the answer says
  std::chrono::seconds longest{3'600};
  std::chrono::seconds negative{30};  // that there is nothing
  std::chrono::seconds stale{3'600};  // beyond its time, while no server answers
  std::chrono::seconds recheck{30};   // and the servers are left alone for this long meanwhile (RFC 8767 5)
};

class DnsCache {
 public:
  explicit DnsCache(DnsCacheLimits limits = {}) : limits_(limits) {}

  // The answer while it is good, its ttl what is left of it; or a stale one while the servers are left alone.
  std::optional<DnsAnswer> find(const DnsQuestion& question, TimePoint now) const;
  // What the servers said just now; comes back as find() will give it. The answer with the least time left
  // makes room.
  DnsAnswer put(const DnsQuestion& question, DnsAnswer answer, TimePoint now);
  // No server answers: what was known, if it may still be given.
  std::optional<DnsAnswer> fallBack(const DnsQuestion& question, TimePoint now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    DnsAnswer answer;
    TimePoint good_until{};
    TimePoint left_alone_until{};
  };
  DnsAnswer stale(const Entry& entry, TimePoint now) const;

  DnsCacheLimits limits_;
  std::map<DnsQuestion, Entry> entries_;
};

}  // namespace sallyport::net
