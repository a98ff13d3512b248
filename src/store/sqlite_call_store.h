// SPDX-License-Identifier: Apache-2.0
#pragma once
// Call records in one SQLite file: a line of JSON per call beside the columns that are searched.
//
// WAL with synchronous=FULL: a record that flush() confirmed survives a power cut; commits are batched,
// so the price is one fsync per batch and not per call: the first record goes at once, what comes within
// commit_interval of a commit goes with the next one (so much a killed process can lose). When the disk is full or the
// file fails, records stay in a bounded queue and are retried; beyond the bound they go to <file>.spill.jsonl, and only
// when that fails too is a record lost, counted and told. Spilled records are taken back by the next start. Owned by
// app; one writer thread inside; readers use a connection of their own.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/clock.h"
#include "store/call_store.h"
#include "telemetry/event.h"

namespace sallyport::store {

struct SqliteOptions {
  std::filesystem::path file;
  std::size_t queue_records = 10'000;  // kept in memory while the file cannot be written
  std::chrono::milliseconds retry{1'000};
  std::chrono::milliseconds commit_interval{50};
  std::uint64_t size_limit = 0;  // bytes the file may grow to; 0: the disk is the limit
};

struct StoreStatistics {
  std::uint64_t written = 0;    // records safely in the file
  std::uint64_t waiting = 0;    // in memory, not yet written
  std::uint64_t spilled = 0;    // in the spill file
  std::uint64_t lost = 0;       // neither could be written
  std::uint64_t recovered = 0;  // at this start: calls the last process died with
  bool failing = false;         // the last write did not succeed
};

class SqliteCallStore final : public CallStore {
 public:
  // Creates the file (0600) when absent and marks calls that a dead process left open. Fails with
  // store.folder.missing, store.file.foreign (not a call store), store.file.corrupt,
  // store.schema.newer (written by a newer version), store.file.busy (another edge has it),
  // store.file.unwritable; the detail says what to do.
  static Result<std::unique_ptr<SqliteCallStore>> open(SqliteOptions options, const Clock& clock,
                                                       telemetry::EventSink& events);

  // For `sallyport evidence|calls` beside a running or stopped edge: reads, changes nothing.
  static Result<std::unique_ptr<CallReader>> openForReading(const std::filesystem::path& file);

  ~SqliteCallStore() override;  // writes or spills everything queued

  void begin(telemetry::CallRecord record) override;
  void append(telemetry::CallRecord record) override;
  Result<std::optional<telemetry::CallRecord>> find(std::string_view call_id) const override;
  Result<std::vector<telemetry::CallRecord>> recent(std::size_t count, const CallFilter& filter) const override;
  Status exportJson(const std::function<bool(std::string_view)>& line) const override;

  // True when everything handed over before the call is in the file.
  bool flush(std::chrono::milliseconds patience);
  StoreStatistics statistics() const;

 private:
  class Impl;
  explicit SqliteCallStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::store
