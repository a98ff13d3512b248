// SPDX-License-Identifier: Apache-2.0
#pragma once
// The DNS, asked on our loop through c-ares (UDP, TCP after truncation, EDNS 1232 octets) and remembered as
// long as its answers say. No search list and no hosts file: a name means itself. Answers that are out of
// date are given while no server answers, for at most an hour (RFC 8767).
//
// What the DNS says is a hint: nothing that it answers is verified, and nothing may trust it. One per worker,
// made on any thread before the loop runs, used on the loop's thread.

#include <memory>
#include <vector>

#include "core/dns.h"
#include "core/result.h"
#include "net/dns_cache.h"
#include "net/loop.h"
#include "net/task.h"

namespace sallyport::net {

struct ResolverOptions {
  std::vector<Endpoint> servers;             // empty: the system's
  std::chrono::milliseconds timeout{2'000};  // of the first try; doubled each time all servers were tried
  unsigned attempts = 3;                     // per server
  std::size_t in_flight = 32;                // asked at once; more wait
  std::size_t waiting = 2'048;               // lookups not answered yet
  DnsCacheLimits cache{};
};

class Resolver {
 public:
  // "net.dns.unavailable" when the library can not start.
  static Result<std::unique_ptr<Resolver>> create(Loop& loop, const ResolverOptions& options);
  // Lookups under way end without a word.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Errors: "net.dns.timeout", "net.dns.failed" (the servers fail or refuse), "net.dns.malformed" (the answer
  // can not be read), "net.dns.name" (not a name the DNS can be asked for), "net.dns.busy" (overloaded).
  // That a name does not exist is an empty answer.
  using Answered = UniqueFunction<void(const Result<DnsAnswer>&)>;

  class Impl;
  // Gives up without a word when it goes; harmless once answered.
  class [[nodiscard]] Lookup {
   public:
    Lookup() = default;
    Lookup(Lookup&& other) noexcept;
    Lookup& operator=(Lookup&& other) noexcept;
    ~Lookup() { cancel(); }
    void cancel();

   private:
    friend class Resolver;
    Lookup(std::weak_ptr<Impl> resolver, std::uint64_t id) : resolver_(std::move(resolver)), id_(id) {}
    std::weak_ptr<Impl> resolver_;
    std::uint64_t id_ = 0;
  };
  // `answered` runs once, from the loop and never from within this call. It may let the Resolver go.
  Lookup ask(const DnsQuestion& question, Answered answered);

  std::size_t cached() const;

 private:
  explicit Resolver(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::net
