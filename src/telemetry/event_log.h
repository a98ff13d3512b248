// SPDX-License-Identifier: Apache-2.0
#pragma once
// The log: one JSON object per line, written by a thread of its own from a bounded queue.
//
//   {"ts":"2026-03-01T12:00:00.123Z","severity":"warning","code":"tls.handshake.refused","source":"203.0.113.9:40112"}
//
// Strings are escaped so that no field can end a line, colour a terminal or break UTF-8. Each code has
// a token bucket: strangers cannot flood the log; what was held back is told by "suppressed": N on the
// next line of that code, or by a closing "log.suppressed" line. A full queue drops and counts.
// Owned by app, one per process; event() from any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/clock.h"
#include "core/result.h"
#include "telemetry/event.h"

namespace sallyport::telemetry {

struct EventLogOptions {
  enum class Target : std::uint8_t { standardOutput, standardError, file };

  Target target = Target::standardOutput;
  std::filesystem::path file;  // appended to, mode 0640
  Severity minimum = Severity::info;
  std::size_t queue_lines = 8'192;
  unsigned events_per_second = 20;  // of one code
  unsigned burst = 40;              // of one code
};

class EventLog final : public EventSink {
 public:
  // Fails with log.file.unwritable.
  static Result<std::unique_ptr<EventLog>> open(EventLogOptions options, const Clock& clock);
  ~EventLog() override;  // writes what is queued, for at most two seconds

  void event(Severity severity, std::string_view code, std::initializer_list<Field> fields) override;

  // After logrotate: the file of that name is opened anew. The old one is kept when that fails.
  Status reopen();

  // True when everything queued before the call is written.
  bool flush(std::chrono::milliseconds patience);

  std::uint64_t dropped() const;     // lines lost to a full queue or a failing file
  std::uint64_t suppressed() const;  // lines held back by the rate per code

 private:
  class Impl;
  explicit EventLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::telemetry
