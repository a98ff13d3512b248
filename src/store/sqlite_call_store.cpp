// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_call_store.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "store/private_file.h"
#include "store/record_writer.h"
#include "store/schema.h"
#include "store/sqlite_reader.h"

namespace sallyport::store {
namespace {

using telemetry::CallRecord;
using telemetry::Severity;

constexpr std::size_t kBatch = 256;
constexpr std::chrono::milliseconds kBeforeReading{500};  // for the writer to catch up

}  // namespace

class SqliteCallStore::Impl {
 public:
  struct Parts {
    SqliteOptions options;
    FileLock lock;
    RecordWriter writer;
    std::unique_ptr<SqliteReader> reader;
  };

  Impl(Parts parts, const Clock& clock, telemetry::EventSink& events)
      : options_(std::move(parts.options)),
        lock_(std::move(parts.lock)),
        writer_(std::move(parts.writer)),
        reader_(std::move(parts.reader)),
        spill_(options_.file),
        clock_(clock),
        events_(events) {
    recover();
    thread_ = std::thread{[this] { run(); }};
  }

  ~Impl() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  // A journal entry gives way when the queue is full; the record of a call only at twice that size.
  void enqueue(Operation operation) {
    const bool ended = operation.kind == Operation::Kind::ended;
    bool refused = false;
    bool rouse = true;
    {
      const std::lock_guard lock{mutex_};
      refused = queue_.size() >= options_.queue_records * (ended ? 2 : 1);
      if (!refused) {
        queue_.push_back(std::move(operation));
        ++enqueued_;
        rouse = queue_.size() == 1 || queue_.size() >= kBatch;  // in between the writer only waits for its time
      } else if (ended) {
        ++statistics_.lost;
      }
    }
    if (rouse) wake_.notify_one();
    if (refused) {
      events_.event(ended ? Severity::critical : Severity::warning,
                    ended ? "store.record.lost" : "store.journal.skipped",
                    {{"call_id", operation.record.call_id}, {"why", "the queue is full"}});
    }
  }

  Result<std::optional<CallRecord>> find(std::string_view call_id) const {
    {
      const std::lock_guard lock{mutex_};
      const auto found = std::find_if(queue_.rbegin(), queue_.rend(),
                                      [&](const Operation& each) { return each.record.call_id == call_id; });
      if (found != queue_.rend()) return std::optional{found->record};
    }
    return reader_->find(call_id);
  }

  const CallReader& reader() {
    (void)flush(kBeforeReading);
    return *reader_;
  }

  bool flush(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    const auto wanted = enqueued_;
    const auto settled = [&] { return settled_ >= wanted || statistics_.failing; };
    ++flushing_;
    wake_.notify_one();
    const bool in_time = settled_changed_.wait_for(lock, patience, settled);
    --flushing_;
    return in_time && settled_ >= wanted && statistics_.spilled == 0;
  }

  StoreStatistics statistics() const {
    const std::lock_guard lock{mutex_};
    auto statistics = statistics_;
    statistics.waiting = queue_.size();
    return statistics;
  }

 private:
  // What the last process left: first what it had finished, then what it died with.
  void recover() {
    const auto taken = writer_.takeSpilled(spill_);
    const auto crashed = taken ? writer_.closeCrashed(clock_.wall()) : Result<std::size_t>{taken.error()};
    if (!crashed) {
      statistics_.failing = true;
      events_.event(Severity::error, "store.recovery.postponed",
                    {{"file", options_.file.native()}, {"why", crashed.error().detail}});
      return;
    }
    statistics_.recovered = *crashed;
    statistics_.written = taken->records + *crashed;
    tellTaken(*taken);
    if (*crashed == 0) return;
    events_.event(Severity::warning, "store.calls.recovered",
                  {{"calls", *crashed}, {"why", "the last process died while they were up"}});
  }

  void tellTaken(const RecordWriter::Taken& taken) {
    if (taken.records + taken.unreadable == 0) return;
    events_.event(taken.unreadable > 0 ? Severity::warning : Severity::notice, "store.spill.taken_back",
                  {{"records", taken.records}, {"unreadable", taken.unreadable}});
  }

  void run() {
    std::unique_lock lock{mutex_};
    while (!stopping_ || !queue_.empty()) {
      waitForWork(lock);
      if (statistics_.failing && queue_.size() > options_.queue_records) {
        spillOldest(lock, queue_.size() - options_.queue_records / 2);
      }
      if (queue_.empty() && !(statistics_.failing && !stopping_)) continue;
      const auto written = writeBatch(lock);
      if (!written && stopping_) spillOldest(lock, queue_.size());
    }
    if (statistics_.spilled > 0 || statistics_.lost > 0) tellRemainder(lock);
  }

  // While the file fails, the next attempt is a while away; new records only fill the queue.
  void waitForWork(std::unique_lock<std::mutex>& lock) {
    const auto overfull = [this] { return stopping_ || (queue_.size() > options_.queue_records && !spill_failing_); };
    if (statistics_.failing) {
      wake_.wait_for(lock, options_.retry, overfull);
    } else {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      wake_.wait_until(lock, last_commit_ + options_.commit_interval,
                       [this] { return stopping_ || flushing_ > 0 || queue_.size() >= kBatch; });
    }
  }

  // Operations stay in the queue until they are safe; only this thread takes from its front.
  std::vector<const Operation*> front(std::size_t count) const {
    std::vector<const Operation*> operations;
    for (std::size_t i = 0; i < std::min(count, queue_.size()); ++i) operations.push_back(&queue_[i]);
    return operations;
  }

  static std::size_t endedIn(const std::vector<const Operation*>& operations) {
    return static_cast<std::size_t>(std::count_if(operations.begin(), operations.end(), [](const Operation* each) {
      return each->kind == Operation::Kind::ended;
    }));
  }

  void settle(std::size_t count) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    settled_ += count;
    settled_changed_.notify_all();
  }

  bool writeBatch(std::unique_lock<std::mutex>& lock) {
    const auto operations = front(kBatch);
    const bool was_failing = statistics_.failing;
    lock.unlock();
    const auto outcome = writer_.write(operations);
    const auto taken = outcome && was_failing ? writer_.takeSpilled(spill_) : Result{RecordWriter::Taken{}};
    const auto whole = outcome && !taken ? Status{taken.error()} : outcome;
    tell(whole, was_failing);
    if (taken) tellTaken(*taken);
    lock.lock();
    last_commit_ = std::chrono::steady_clock::now();
    statistics_.failing = !whole;
    if (outcome) {
      statistics_.written += endedIn(operations);
      settle(operations.size());
    }
    if (whole && was_failing) {
      statistics_.written += taken->records;
      statistics_.spilled = 0;
    }
    settled_changed_.notify_all();
    return outcome.ok();
  }

  void tell(const Status& outcome, bool was_failing) {
    if (!outcome && !was_failing) {
      events_.event(Severity::critical, "store.write.failed",
                    {{"file", options_.file.native()},
                     {"why", outcome.error().detail},
                     {"then", "records are kept in memory and tried again"}});
    }
    if (outcome && was_failing)
      events_.event(Severity::notice, "store.write.recovered", {{"file", options_.file.native()}});
  }

  // The records of the first `count` operations go to the spill file; their journal entries go nowhere.
  void spillOldest(std::unique_lock<std::mutex>& lock, std::size_t count) {
    const auto operations = front(count);
    std::vector<const CallRecord*> records;
    for (const auto* operation : operations) {
      if (operation->kind == Operation::Kind::ended) records.push_back(&operation->record);
    }
    lock.unlock();
    const auto outcome = records.empty() ? success() : spill_.append(records);
    events_.event(outcome ? Severity::error : Severity::critical, outcome ? "store.spilled" : "store.spill.failed",
                  {{"file", spill_.path().native()},
                   {"records", records.size()},
                   {"journal_entries", operations.size() - records.size()},
                   {"why", outcome ? std::string{"the database cannot be written"} : outcome.error().detail}});
    lock.lock();
    spill_failing_ = !outcome;
    if (outcome) {
      statistics_.spilled += records.size();
    } else if (!stopping_) {
      return;  // they stay in memory
    } else {
      statistics_.lost += records.size();
    }
    settle(operations.size());
  }

  void tellRemainder(std::unique_lock<std::mutex>& lock) {
    const auto statistics = statistics_;
    lock.unlock();
    events_.event(Severity::critical, "store.closed.incomplete",
                  {{"spilled", statistics.spilled}, {"lost", statistics.lost}, {"file", spill_.path().native()}});
    lock.lock();
  }

  const SqliteOptions options_;
  FileLock lock_;
  RecordWriter writer_;  // used by thread_ alone once it runs
  std::unique_ptr<SqliteReader> reader_;
  SpillFile spill_;  // likewise
  const Clock& clock_;
  telemetry::EventSink& events_;

  mutable std::mutex mutex_;
  std::condition_variable wake_, settled_changed_;
  std::deque<Operation> queue_;
  std::uint64_t enqueued_ = 0;
  std::uint64_t settled_ = 0;
  unsigned flushing_ = 0;  // callers that wait for what is queued
  TimePoint last_commit_{};
  StoreStatistics statistics_;
  bool spill_failing_ = false;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<SqliteCallStore>> SqliteCallStore::open(SqliteOptions options, const Clock& clock,
                                                               telemetry::EventSink& events) {
  const auto file = options.file;
  std::error_code failure;
  const auto folder = std::filesystem::absolute(file, failure).parent_path();
  if (!std::filesystem::is_directory(folder, failure)) {
    return Error{ErrorKind::misconfigured, "store.folder.missing",
                 folder.string() + ": there is no such folder; create it or set 'cdr' in [telemetry]"};
  }
  auto lock = FileLock::take(file);
  if (!lock) return explained(std::move(lock).error(), file, callSchema());
  auto writer = RecordWriter::open(file, options.size_limit);
  if (!writer) return explained(std::move(writer).error(), file, callSchema());
  SP_ASSIGN(auto reader, SqliteReader::open(file));
  auto impl = std::make_unique<Impl>(
      Impl::Parts{std::move(options), *std::move(lock), *std::move(writer), std::move(reader)}, clock, events);
  return std::unique_ptr<SqliteCallStore>{new SqliteCallStore{std::move(impl)}};
}

Result<std::unique_ptr<CallReader>> SqliteCallStore::openForReading(const std::filesystem::path& file) {
  SP_ASSIGN(auto reader, SqliteReader::open(file));
  return std::unique_ptr<CallReader>{std::move(reader)};
}

SqliteCallStore::SqliteCallStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteCallStore::~SqliteCallStore() = default;

void SqliteCallStore::begin(CallRecord record) { impl_->enqueue({Operation::Kind::begun, std::move(record)}); }
void SqliteCallStore::append(CallRecord record) { impl_->enqueue({Operation::Kind::ended, std::move(record)}); }

Result<std::optional<CallRecord>> SqliteCallStore::find(std::string_view call_id) const { return impl_->find(call_id); }

Result<std::vector<CallRecord>> SqliteCallStore::recent(std::size_t count, const CallFilter& filter) const {
  return impl_->reader().recent(count, filter);
}

Status SqliteCallStore::exportJson(const std::function<bool(std::string_view)>& line) const {
  return impl_->reader().exportJson(line);
}

bool SqliteCallStore::flush(std::chrono::milliseconds patience) { return impl_->flush(patience); }
StoreStatistics SqliteCallStore::statistics() const { return impl_->statistics(); }

}  // namespace sallyport::store
