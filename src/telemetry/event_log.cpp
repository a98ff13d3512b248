// SPDX-License-Identifier: Apache-2.0
// fmt and spdlog are not used here: a line of JSON is appends and to_chars, and what matters (escaping,
// the rate per code, drop counts, a writer that a stopped reader cannot hold) would be ours on top of them.
#include "telemetry/event_log.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "telemetry/event_gate.h"
#include "telemetry/line_writer.h"
#include "telemetry/text.h"

namespace sallyport::telemetry {
namespace {

constexpr std::size_t kLongestText = 2'048;  // of one field; the rest is cut and said so
constexpr std::chrono::seconds kLastWrites{2};
constexpr std::chrono::seconds kSweep{1};

template <typename N>
void appendNumber(std::string& out, N number) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

struct AppendValue {
  std::string& out;

  void operator()(std::string_view text) const {
    if (text.size() <= kLongestText) return appendJsonString(out, text);
    appendJsonString(out, text.substr(0, kLongestText));
    out.insert(out.size() - 1, "...");
  }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(double number) const {
    if (!std::isfinite(number)) {
      out += "null";
    } else {
      appendNumber(out, number);
    }
  }
  void operator()(auto number) const { appendNumber(out, number); }
};

std::string lineOf(WallTime now, Severity severity, std::string_view code, std::initializer_list<Field> fields,
                   std::uint64_t suppressed) {
  std::string line;
  line.reserve(256);
  line += R"({"ts":")";
  line += timeText(now);
  line += R"(","severity":")";
  line += toString(severity);
  line += R"(","code":)";
  appendJsonString(line, code);
  for (const auto& field : fields) {
    line += ',';
    appendJsonString(line, field.name);
    line += ':';
    std::visit(AppendValue{line}, field.value);
  }
  if (suppressed > 0) {
    line += R"(,"suppressed":)";
    appendNumber(line, suppressed);
  }
  line += "}\n";
  return line;
}

}  // namespace

class EventLog::Impl {
 public:
  Impl(EventLogOptions options, LineWriter writer, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        gate_(options_.events_per_second, options_.burst),
        writer_(std::move(writer)),
        thread_([this] { run(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      for (const auto& held : gate_.takeAllHeld()) enqueueHeld(held);
    }
    wake_.notify_one();
    {
      std::unique_lock lock{mutex_};
      if (!done_.wait_for(lock, kLastWrites, [this] { return finished_; })) give_up_ = true;
    }
    thread_.join();
  }

  void event(Severity severity, std::string_view code, std::initializer_list<Field> fields) {
    if (severity < options_.minimum) return;
    EventGate::Decision decision;
    {
      const std::lock_guard lock{mutex_};
      decision = gate_.judge(code, clock_.steady());
    }
    if (!decision.admitted) {
      suppressed_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    auto line = lineOf(clock_.wall(), severity, code, fields, decision.suppressed);
    {
      const std::lock_guard lock{mutex_};
      enqueue(std::move(line));
    }
    wake_.notify_one();
  }

  bool flush(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    const auto wanted = ++flush_requested_;
    wake_.notify_one();
    return done_.wait_for(lock, patience, [&] { return flush_done_ >= wanted; });
  }

  Status reopen() {
    if (options_.target != EventLogOptions::Target::file) return success();
    const std::lock_guard lock{writer_mutex_};
    return writer_.reopen(options_.file);
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t suppressed() const { return suppressed_.load(std::memory_order_relaxed); }

 private:
  void enqueue(std::string line) {
    if (queue_.size() < options_.queue_lines) {
      queue_.push_back(std::move(line));
    } else {
      dropped_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  void enqueueHeld(const EventGate::Held& held) {
    enqueue(lineOf(clock_.wall(), Severity::notice, "log.suppressed", {{"of", held.code}}, held.count));
  }

  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      wake_.wait_for(lock, kSweep, [this] { return stopping_ || !queue_.empty() || flush_requested_ != flush_done_; });
      for (const auto& held : gate_.takeHeld(clock_.steady())) enqueueHeld(held);
      const auto flushing = flush_requested_;
      const bool last = stopping_;
      auto batch = std::exchange(queue_, {});
      lock.unlock();
      write(batch);
      lock.lock();
      flush_done_ = flushing;
      if (last && queue_.empty()) break;
      done_.notify_all();
    }
    finished_ = true;
    done_.notify_all();
  }

  void write(const std::vector<std::string>& batch) {
    const std::lock_guard lock{writer_mutex_};
    tellLoss();
    for (const auto& line : batch) {
      if (!writer_.write(line, give_up_)) dropped_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  // Once lines go through again, the log itself says how many did not.
  void tellLoss() {
    const auto lost = dropped();
    if (lost == told_) return;
    const auto line = lineOf(clock_.wall(), Severity::warning, "log.lines_lost", {{"count", lost - told_}}, 0);
    if (writer_.write(line, give_up_)) told_ = lost;
  }

  const EventLogOptions options_;
  const Clock& clock_;

  std::mutex mutex_;  // gate_, queue_ and the flags below
  std::condition_variable wake_, done_;
  EventGate gate_;
  std::vector<std::string> queue_;
  std::uint64_t flush_requested_ = 0;
  std::uint64_t flush_done_ = 0;
  bool stopping_ = false;
  bool finished_ = false;

  std::mutex writer_mutex_;
  LineWriter writer_;
  std::uint64_t told_ = 0;

  std::atomic<bool> give_up_{false};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> suppressed_{0};
  std::thread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<EventLog>> EventLog::open(EventLogOptions options, const Clock& clock) {
  const auto start = [&](LineWriter writer) {
    return std::unique_ptr<EventLog>{
        new EventLog{std::make_unique<Impl>(std::move(options), std::move(writer), clock)}};
  };
  switch (options.target) {
    case EventLogOptions::Target::standardOutput: return start(LineWriter{STDOUT_FILENO});
    case EventLogOptions::Target::standardError: return start(LineWriter{STDERR_FILENO});
    case EventLogOptions::Target::file: break;
  }
  SP_ASSIGN(auto writer, LineWriter::openFile(options.file));
  return start(std::move(writer));
}

EventLog::EventLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventLog::~EventLog() = default;

void EventLog::event(Severity severity, std::string_view code, std::initializer_list<Field> fields) {
  impl_->event(severity, code, fields);
}
Status EventLog::reopen() { return impl_->reopen(); }
bool EventLog::flush(std::chrono::milliseconds patience) { return impl_->flush(patience); }
std::uint64_t EventLog::dropped() const { return impl_->dropped(); }
std::uint64_t EventLog::suppressed() const { return impl_->suppressed(); }

}  // namespace sallyport::telemetry
