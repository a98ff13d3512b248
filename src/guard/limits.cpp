// SPDX-License-Identifier: Apache-2.0
#include "guard/limits.h"

#include <algorithm>
#include <cstring>

namespace sallyport::guard {
namespace {

constexpr double kNanoseconds = 1e9;
constexpr double kSlowestRate = 1.0 / 86'400;  // one a day: nobody is throttled into arithmetic overflow
constexpr double kLongestTolerance = 4e18;     // below the range of std::int64_t
constexpr double kFill = 0.6;                  // two choices of four accounts hold this without a refusal,
constexpr std::size_t kFewestHomes = 64;       // if a shard has enough homes to even out its share of the names

std::int64_t nanosecondsOf(TimePoint now) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
}

// ::ffff:a.b.c.d, which a dual-stack socket reports for IPv4 peers.
bool isMappedV4(const std::array<std::uint8_t, 16>& octets) {
  return std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t octet) { return octet == 0; }) &&
         octets[10] == 0xFF && octets[11] == 0xFF;
}

}  // namespace

std::array<char, 9> sourceName(const IpAddress& source) {
  std::array<char, 9> name{};
  const auto& octets = source.octets();
  const bool mapped = !source.isV4() && isMappedV4(octets);
  const bool v4 = source.isV4() || mapped;
  name[0] = v4 ? '4' : '6';
  std::memcpy(&name[1], octets.data() + (mapped ? 12 : 0), v4 ? 4 : 8);
  return name;
}

LimitTable::LimitTable(std::size_t capacity, HashKey key) : key_(key), shards_(std::make_unique<Shard[]>(kShards)) {
  std::size_t homes = kFewestHomes;
  while (static_cast<double>(homes * kShards * kWays) * kFill < static_cast<double>(capacity)) homes *= 2;
  home_mask_ = homes - 1;
  for (std::size_t i = 0; i < kShards; ++i) shards_[i].homes = std::make_unique<Home[]>(homes);
}

// Separate bits of the hash: 32 for the tag, 6 for the shard, up to 26 for the first home.
LimitTable::Place LimitTable::placeOf(std::uint64_t hash) {
  Shard& shard = shards_[hash >> 58];
  const auto low = static_cast<std::uint32_t>(hash);
  const std::uint32_t tag = low == 0 ? 1 : low;
  const auto first = (hash >> 32) & home_mask_;
  const auto second = otherHome(first, tag);
  __builtin_prefetch(&shard.homes[first], 1);  // both on their way before the lock is taken
  __builtin_prefetch(&shard.homes[second], 1);
  return {shard, first, second, tag};
}

// Its own inverse, and never the same home; known from the tag alone, so that an account can be moved.
std::uint64_t LimitTable::otherHome(std::uint64_t home, std::uint32_t tag) const {
  const auto apart = ((std::uint64_t{tag} * 0x9E3779B97F4A7C15) >> 32) & home_mask_;
  return home ^ (apart == 0 ? home_mask_ : apart);
}

LimitTable::Account* LimitTable::find(const Place& place) {
  for (const auto home : {place.first, place.second}) {
    for (auto& account : place.shard.homes[home].accounts) {
      if (account.tag == place.tag) return &account;
    }
  }
  return nullptr;
}

LimitTable::Account* LimitTable::idleAccount(Home& home, std::int64_t now) {
  for (auto& account : home.accounts) {
    if (account.idle(now)) return &account;
  }
  return nullptr;
}

LimitTable::Account* LimitTable::findOrClaim(const Place& place, std::int64_t now) {
  if (Account* known = find(place)) return known;
  Account* account = idleAccount(place.shard.homes[place.first], now);
  if (account == nullptr) account = idleAccount(place.shard.homes[place.second], now);
  if (account == nullptr) account = makeRoom(place, now);
  if (account != nullptr) *account = Account{0, 0, place.tag};
  return account;
}

// Moves one account of the two full homes to its own other home, and returns where it was.
LimitTable::Account* LimitTable::makeRoom(const Place& place, std::int64_t now) {
  for (const auto home : {place.first, place.second}) {
    for (auto& account : place.shard.homes[home].accounts) {
      Account* idle = idleAccount(place.shard.homes[otherHome(home, account.tag)], now);
      if (idle == nullptr) continue;
      *idle = account;
      return &account;
    }
  }
  return nullptr;
}

LimitTable::Pace::Pace(const Rate& rate) {
  const double interval = kNanoseconds / std::max(rate.per_second, kSlowestRate);
  const double tolerance = std::min(interval * (std::max(rate.burst, 1U) - 1), kLongestTolerance);
  step = static_cast<std::int64_t>(interval);
  most_ahead = static_cast<std::int64_t>(tolerance);
}

LimitTable::Token LimitTable::takeToken(std::string_view principal, const Rate& rate, TimePoint now) {
  const auto place = placeOf(hashOf(principal));
  const Pace pace{rate};
  const auto at = nanosecondsOf(now);

  const std::lock_guard lock{place.shard.mutex};
  Account* account = findOrClaim(place, at);
  if (account == nullptr) return {Outcome::tableFull, {}};
  const auto ahead = std::max(account->bucket_full_at, at) - at;
  if (ahead > pace.most_ahead) return {Outcome::exceeded, std::chrono::nanoseconds{ahead - pace.most_ahead}};
  account->bucket_full_at = at + ahead + pace.step;
  return {};
}

LimitTable::Token LimitTable::peekToken(std::string_view principal, const Rate& rate, TimePoint now) {
  const auto place = placeOf(hashOf(principal));
  const Pace pace{rate};
  const auto at = nanosecondsOf(now);

  const std::lock_guard lock{place.shard.mutex};
  const Account* account = find(place);
  if (account == nullptr) return {};
  const auto ahead = account->bucket_full_at - at;
  if (ahead > pace.most_ahead) return {Outcome::exceeded, std::chrono::nanoseconds{ahead - pace.most_ahead}};
  return {};
}

LimitTable::Call LimitTable::takeCall(std::string_view principal, TimePoint now) {
  const auto hash = hashOf(principal);
  const auto place = placeOf(hash);
  const auto at = nanosecondsOf(now);
  Call call;
  {
    const std::lock_guard lock{place.shard.mutex};
    Account* account = findOrClaim(place, at);
    if (account == nullptr) return call;
    call.live = ++account->live_calls;
  }
  call.permit = CallPermit{shared_from_this(), hash};
  return call;
}

unsigned LimitTable::liveCalls(std::string_view principal) {
  const auto place = placeOf(hashOf(principal));
  const std::lock_guard lock{place.shard.mutex};
  const Account* account = find(place);
  return account == nullptr ? 0 : account->live_calls;
}

void LimitTable::giveBack(std::uint64_t principal) {
  const auto place = placeOf(principal);
  const std::lock_guard lock{place.shard.mutex};
  Account* account = find(place);  // an account with a live call is never idle, so never given away
  if (account != nullptr && account->live_calls > 0) --account->live_calls;
}

CallPermit& CallPermit::operator=(CallPermit&& other) noexcept {
  if (this != &other) {
    release();
    table_ = std::move(other.table_);
    principal_ = other.principal_;
  }
  return *this;
}

void CallPermit::release() {
  if (const auto table = std::move(table_)) table->giveBack(principal_);
}

}  // namespace sallyport::guard
