// SPDX-License-Identifier: Apache-2.0
#pragma once
// The DNS as PeerTargets asks it: a resolver, and the lookups that are under way. One per worker.

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "call/peer_targets.h"
#include "net/resolver.h"

namespace sallyport::call {

class ResolverNames final : public Names {
 public:
  // The one to ask from now on, before the first question; who waits for another's answer is not told.
  void use(std::unique_ptr<net::Resolver> resolver) {
    lookups_.clear();
    resolver_ = std::move(resolver);
  }
  void ask(const DnsQuestion& question, Answered answered) override {
    const auto id = next_++;
    lookups_.emplace(id, resolver_->ask(question, [this, id, told = std::move(answered)](const auto& answer) {
      lookups_.erase(id);
      told(answer);
    }));
  }

 private:
  std::unique_ptr<net::Resolver> resolver_;
  std::unordered_map<std::uint64_t, net::Resolver::Lookup> lookups_;
  std::uint64_t next_ = 0;
};

}  // namespace sallyport::call
