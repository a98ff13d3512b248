// SPDX-License-Identifier: Apache-2.0
#pragma once
// The location table (RFC 3261 10.3): which contacts an address of record is bound to, whose they are, and
// over which connection each is reached. Shared by all workers and thread-safe; touched a few times per
// registration and per call, never per packet. The cost of an operation does not depend on how many there are.
//
// A binding is immutable: a change puts another in its place, so that whoever holds one may read it in peace.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "call/via.h"
#include "core/clock.h"
#include "core/endpoint.h"
#include "core/result.h"
#include "sip/transaction_layer.h"

namespace sallyport::call {

// What tells two bindings of one address apart: instance and reg-id where there are both (RFC 5626 6),
// otherwise the URI, compared as RFC 3261 19.1.4 says.
struct ContactKey {
  std::string uri;
  std::string instance;      // "urn:uuid:..." without its angle brackets; empty: none
  std::uint32_t reg_id = 0;  // 0: none
  bool matches(const ContactKey& other) const;
};

// How far a core that is told of our registrations knows of this one.
struct UpstreamState {
  std::uint32_t cseq = 0;  // of our last REGISTER for it; 0: never told
  WallTime registered{};
  WallTime expires{};
};

inline constexpr unsigned kWholeQ = 1'000;  // q is in thousandths
std::string qText(unsigned q);              // "0.250"

struct Binding {
  std::string aor;  // "alice@example.org"
  ContactKey contact;
  unsigned q = kWholeQ;
  std::string call_id;
  std::uint32_t cseq = 0;
  std::string path;                 // the values of Path as Route repeats them (RFC 3327); empty: none
  std::optional<sip::FlowId> flow;  // none after a restart, or once its connection has closed
  unsigned worker = 0;              // that owns the flow
  std::string peer;                 // of the principal that registered it
  std::string identity;
  std::string proof;  // "certificate and digest"
  std::string user_agent;
  Endpoint source;
  Transport transport = Transport::tls;
  WallTime registered{};  // first
  WallTime expires{};
  std::string token;  // user part of our Contact towards the core, and of the temporary GRUU (RFC 5627)
  UpstreamState upstream;
};
using BindingPtr = std::shared_ptr<const Binding>;

// Of the worker that makes it, and not to be guessed.
std::string newToken(unsigned worker);

// One REGISTER as the table needs it.
struct RegistrationChange {
  enum class Extent : std::uint8_t { listed, all };  // all: "Contact: *", removes every binding

  std::string aor;
  std::string call_id;
  std::uint32_t cseq = 0;
  Extent extent = Extent::listed;
  std::vector<Binding> updates;      // an empty token: one is made where the binding is new
  std::vector<ContactKey> removals;  // of what is not bound: no effect
};

class Registrations {
 public:
  struct Limits {
    std::size_t contacts = 8;  // of one address
    std::size_t aors = 100'000;
  };
  explicit Registrations(Limits limits) : max_contacts_(limits.contacts), max_aors_(limits.aors) {}
  void adopt(Limits limits);  // for what comes next

  // What a change would touch, without making it.
  struct Plan {
    std::vector<BindingPtr> updated;  // one for each update; null: a new binding
    std::vector<BindingPtr> removed;
  };
  Result<Plan> plan(const RegistrationChange& change, WallTime now) const;
  // All of the change, or nothing of it; what is bound afterwards. Where an address is full, a binding that
  // has lost its connection gives way. Errors:
  //   registrar.cseq.old       not newer than what this Call-ID said before (RFC 3261 10.3 step 7)
  //   registrar.contacts.full  more contacts than one address may have
  //   registrar.table.full     no room for another address
  Result<std::vector<BindingPtr>> apply(RegistrationChange change, WallTime now);

  // Live bindings, with or without a connection; preferred (q), then newest first.
  std::vector<BindingPtr> byAor(std::string_view aor, WallTime now) const;
  BindingPtr byToken(std::string_view token, WallTime now) const;  // null when there is none
  // Those that a request can be sent to. Errors: registrar.no_binding, registrar.no_flow (480 both).
  Result<std::vector<BindingPtr>> reachable(std::string_view aor, WallTime now) const;

  void flowClosed(sip::FlowId flow);
  std::vector<BindingPtr> removeOf(sip::FlowId flow);  // removes and returns what is reached over it
  std::vector<BindingPtr> expire(WallTime now);        // removes and returns what has expired
  // At start, from what was stored: no connection, same tokens. What has expired is left out.
  void restore(std::vector<Binding> bindings, WallTime now);

  std::vector<BindingPtr> snapshot(WallTime now) const;
  std::size_t aors() const { return aors_.load(); }

 private:
  struct Sooner {
    bool operator()(const BindingPtr& a, const BindingPtr& b) const {
      return a->expires != b->expires ? a->expires < b->expires : a.get() < b.get();
    }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <typename Key, typename Value, typename Hasher = std::hash<Key>>
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Value, Hasher, std::equal_to<>> entries;
  };
  struct AorShard : Shard<std::string, std::vector<BindingPtr>, Hash> {
    std::set<BindingPtr, Sooner> by_expiry;
  };
  using TokenShard = Shard<std::string, std::string, Hash>;                              // token -> address
  using FlowShard = Shard<std::uint64_t, std::unordered_map<std::string, std::string>>;  // flow -> token -> address
  static constexpr std::size_t kShards = 64;

  AorShard& shardOf(std::string_view aor) const { return aor_shards_[Hash{}(aor) % kShards]; }
  TokenShard& tokensOf(std::string_view token) const { return token_shards_[Hash{}(token) % kShards]; }
  FlowShard& flowsOf(sip::FlowId flow) const { return flow_shards_[static_cast<std::uint64_t>(flow) % kShards]; }

  void forEachOf(sip::FlowId flow,
                 const std::function<void(AorShard&, std::vector<BindingPtr>&, const BindingPtr&)>& act);
  void put(AorShard& shard, std::vector<BindingPtr>& bound, const BindingPtr& known, Binding binding);
  void drop(AorShard& shard, std::vector<BindingPtr>& bound, const BindingPtr& binding);
  void forget(AorShard& shard, const std::string& aor);
  void linkFlow(const Binding& binding);
  void unlinkFlow(const Binding& binding);

  std::atomic<std::size_t> max_contacts_, max_aors_;
  std::atomic<std::size_t> aors_{0};
  // An address's lock may be held while a token's or a flow's is taken, never the other way round.
  mutable std::array<AorShard, kShards> aor_shards_;
  mutable std::array<TokenShard, kShards> token_shards_;
  mutable std::array<FlowShard, kShards> flow_shards_;
};

}  // namespace sallyport::call
