// SPDX-License-Identifier: Apache-2.0
#include "store/registration_store.h"

#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_set>

#include "store/private_file.h"
#include "store/registration_rows.h"
#include "store/schema.h"

namespace sallyport::store {
namespace {

using telemetry::Severity;

struct Opened {
  RegistrationRows rows;
  std::vector<StoredBinding> bindings;
};

Result<Opened> openAndRead(const std::filesystem::path& file) {
  SP_ASSIGN(auto rows, RegistrationRows::open(file));
  SP_ASSIGN(auto bindings, rows.all());
  return Opened{std::move(rows), std::move(bindings)};
}

// Not even the first bytes of a database: nobody else's either.
bool isNoDatabase(const std::filesystem::path& file) {
  static constexpr std::string_view kMagic{"SQLite format 3\0", 16};
  std::ifstream in{file, std::ios::binary};
  char head[kMagic.size()] = {};
  in.read(head, sizeof head);
  return in.gcount() > 0 && std::string_view{head, static_cast<std::size_t>(in.gcount())} != kMagic;
}

std::filesystem::path with(std::filesystem::path file, const char* ending) { return file += ending; }

Status setAside(const std::filesystem::path& file) {
  std::error_code failure;
  std::filesystem::rename(file, with(file, ".damaged"), failure);
  if (failure) return Error{ErrorKind::misconfigured, "store.file.unwritable", failure.message()};
  for (const auto* ending : {"-wal", "-shm"}) std::filesystem::remove(with(file, ending), failure);
  return success();
}

}  // namespace

class RegistrationStore::Impl {
 public:
  Impl(Options options, FileLock lock, Opened opened, telemetry::EventSink& events)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        rows_(std::move(opened.rows)),
        loaded_(std::move(opened.bindings)),
        events_(events) {}

  ~Impl() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  std::vector<StoredBinding> takeLoaded() { return std::exchange(loaded_, {}); }

  void start(const RegistrationSource& source) {
    thread_ = std::thread{[this, &source] { run(source); }};
  }

  void touched(std::string_view aor) {
    bool rouse = false;
    {
      const std::lock_guard lock{mutex_};
      rouse = dirty_.empty();
      dirty_.emplace(aor);
      ++touched_;
    }
    if (rouse) wake_.notify_one();
  }

  bool flush(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    const auto wanted = touched_;
    ++flushing_;
    wake_.notify_one();
    const bool done = settled_changed_.wait_for(lock, patience, [&] { return settled_ >= wanted; });
    --flushing_;
    return done;
  }

  RegistrationStatistics statistics() const {
    const std::lock_guard lock{mutex_};
    auto statistics = statistics_;
    statistics.waiting = dirty_.size();
    return statistics;
  }

 private:
  void run(const RegistrationSource& source) {
    std::unique_lock lock{mutex_};
    while (!stopping_ || !dirty_.empty()) {
      waitForWork(lock);
      if (dirty_.empty()) continue;
      const bool last_attempt = stopping_;
      if (!writeDirty(lock, source) && last_attempt) return tellLost(lock);
    }
  }

  void waitForWork(std::unique_lock<std::mutex>& lock) {
    if (statistics_.failing) {
      wake_.wait_for(lock, options_.retry, [this] { return stopping_; });
      return;
    }
    wake_.wait(lock, [this] { return stopping_ || !dirty_.empty(); });
    wake_.wait_until(lock, last_commit_ + options_.commit_interval, [this] { return stopping_ || flushing_ > 0; });
  }

  bool writeDirty(std::unique_lock<std::mutex>& lock, const RegistrationSource& source) {
    const std::vector<std::string> aors{dirty_.begin(), dirty_.end()};
    const auto up_to = touched_;
    const bool was_failing = statistics_.failing;
    dirty_.clear();
    lock.unlock();
    const auto outcome = rows_.write(aors, source);
    tell(outcome, was_failing);
    lock.lock();
    last_commit_ = std::chrono::steady_clock::now();
    statistics_.failing = !outcome;
    if (!outcome) {
      dirty_.insert(aors.begin(), aors.end());
      return false;
    }
    ++statistics_.commits;
    statistics_.addresses += aors.size();
    settled_ = up_to;
    settled_changed_.notify_all();
    return true;
  }

  void tell(const Status& outcome, bool was_failing) {
    if (!outcome && !was_failing) {
      events_.event(Severity::error, "store.registrations.failed",
                    {{"file", options_.file.native()},
                     {"why", outcome.error().detail},
                     {"then", "registrations are kept in memory and written later"}});
    }
    if (outcome && was_failing) {
      events_.event(Severity::notice, "store.registrations.recovered", {{"file", options_.file.native()}});
    }
  }

  void tellLost(std::unique_lock<std::mutex>& lock) {
    const auto lost = dirty_.size();
    lock.unlock();
    events_.event(Severity::error, "store.registrations.lost", {{"file", options_.file.native()}, {"addresses", lost}});
    lock.lock();
  }

  const Options options_;
  FileLock lock_;
  RegistrationRows rows_;  // used by thread_ alone once it runs
  std::vector<StoredBinding> loaded_;
  telemetry::EventSink& events_;

  mutable std::mutex mutex_;
  std::condition_variable wake_, settled_changed_;
  std::unordered_set<std::string> dirty_;  // bounded by the addresses there are, each of them once
  std::uint64_t touched_ = 0, settled_ = 0;
  unsigned flushing_ = 0;  // callers that wait for what is dirty
  TimePoint last_commit_{};
  RegistrationStatistics statistics_;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<RegistrationStore>> RegistrationStore::open(Options options, telemetry::EventSink& events) {
  const auto file = options.file;
  std::error_code failure;
  const auto folder = std::filesystem::absolute(file, failure).parent_path();
  if (!std::filesystem::is_directory(folder, failure)) {
    return Error{ErrorKind::misconfigured, "store.folder.missing",
                 folder.string() + ": there is no such folder; create it or set " + registrationSchema().setting};
  }
  auto lock = FileLock::take(file);
  if (!lock) return explained(std::move(lock).error(), file, registrationSchema());
  auto opened = openAndRead(file);
  if (!opened && (std::strcmp(opened.error().code, "store.file.corrupt") == 0 || isNoDatabase(file))) {
    events.event(Severity::error, "store.registrations.set_aside",
                 {{"file", file.native()},
                  {"why", opened.error().detail},
                  {"kept_as", with(file, ".damaged").native()},
                  {"then", "no registration is known until the phones register again"}});
    if (auto aside = setAside(file); !aside) return explained(std::move(aside).error(), file, registrationSchema());
    opened = openAndRead(file);
  }
  if (!opened) return explained(std::move(opened).error(), file, registrationSchema());
  auto impl = std::make_unique<Impl>(std::move(options), *std::move(lock), *std::move(opened), events);
  return std::unique_ptr<RegistrationStore>{new RegistrationStore{std::move(impl)}};
}

RegistrationStore::RegistrationStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegistrationStore::~RegistrationStore() = default;

std::vector<StoredBinding> RegistrationStore::takeLoaded() { return impl_->takeLoaded(); }
void RegistrationStore::start(const RegistrationSource& source) { impl_->start(source); }
void RegistrationStore::touched(std::string_view aor) { impl_->touched(aor); }
bool RegistrationStore::flush(std::chrono::milliseconds patience) { return impl_->flush(patience); }
RegistrationStatistics RegistrationStore::statistics() const { return impl_->statistics(); }

}  // namespace sallyport::store
