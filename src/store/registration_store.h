// SPDX-License-Identifier: Apache-2.0
#pragma once
// Registrations in one SQLite file, so that phones are still known, under the same tokens, after a restart.
//
// What is kept is only which addresses have changed; the store's own thread asks the source for what they are
// bound to now and writes many of them in one transaction (WAL, synchronous=NORMAL): ten thousand phones that
// register again within seconds cost a few fsyncs, and the last word per address wins. What a killed process
// loses is at most what changed since the last commit, which its phones will say again. Owned by app.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "telemetry/event.h"

namespace sallyport::store {

// One binding as it is kept: text as its owner writes it, nothing here is interpreted.
struct StoredBinding {
  std::string aor, token;
  std::string contact, instance;
  std::uint32_t reg_id = 0;
  std::uint32_t q = 0;
  std::string call_id;
  std::uint32_t cseq = 0;
  std::string path;
  std::string peer, identity, proof;
  std::string user_agent, source, transport;
  WallTime registered{}, expires{};
  std::uint32_t upstream_cseq = 0;
  WallTime upstream_registered{}, upstream_expires{};
  friend bool operator==(const StoredBinding&, const StoredBinding&) = default;
};

// What the store writes down; asked on its thread.
class RegistrationSource {
 public:
  virtual ~RegistrationSource() = default;
  virtual std::vector<StoredBinding> bindingsOf(std::string_view aor) const = 0;  // none: the address is forgotten
};

struct RegistrationStatistics {
  std::uint64_t commits = 0;
  std::uint64_t addresses = 0;  // written, over all commits
  std::size_t waiting = 0;
  bool failing = false;  // the last commit did not succeed; it is tried again
};

class RegistrationStore {
 public:
  struct Options {
    std::filesystem::path file;
    std::chrono::milliseconds commit_interval{500};
    std::chrono::milliseconds retry{5'000};
  };

  // Creates the file (0600) when absent. A damaged one is renamed to <file>.damaged and an empty one begun (event
  // store.registrations.set_aside): phones register again. Fails with store.folder.missing, store.file.foreign
  // (another program's database), store.schema.newer, store.file.busy, store.file.unwritable.
  static Result<std::unique_ptr<RegistrationStore>> open(Options options, telemetry::EventSink& events);
  ~RegistrationStore();  // writes what is waiting

  // What the last process left, expired ones among it; once, before start().
  std::vector<StoredBinding> takeLoaded();
  // From now on what is touched is written. `source` outlives the store.
  void start(const RegistrationSource& source);
  void touched(std::string_view aor);  // any thread; neither blocks on the file nor fails

  // True when everything touched before the call is in the file.
  bool flush(std::chrono::milliseconds patience);
  RegistrationStatistics statistics() const;

 private:
  class Impl;
  explicit RegistrationStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::store
