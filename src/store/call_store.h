// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where call records live. The one interface that call, app and the console know; the embedded
// implementation is SqliteCallStore.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "telemetry/call_record.h"

namespace sallyport::store {

struct CallFilter {
  std::optional<WallTime> since;  // started at or after
  std::optional<WallTime> until;  // started before
  std::string peer;               // either leg's peer; empty: any
  std::string identity;           // either leg's identity; empty: any
  std::string end_code;           // exact; empty: any
};

class CallReader {
 public:
  virtual ~CallReader() = default;

  // Null when no such call is known. Fails with store.read.
  virtual Result<std::optional<telemetry::CallRecord>> find(std::string_view call_id) const = 0;

  // The newest first, at most `count`.
  virtual Result<std::vector<telemetry::CallRecord>> recent(std::size_t count, const CallFilter& filter) const = 0;

  // Every record as a line of JSON (without line end), oldest first; `line` returns false to stop.
  virtual Status exportJson(const std::function<bool(std::string_view)>& line) const = 0;
};

// begin() and append() hand the record to the store's own thread: they neither block nor fail, and are
// called from any worker.
class CallStore : public CallReader {
 public:
  // A call has been admitted. If the process dies before append(), the next start writes the record
  // with the end cause process.crashed.
  virtual void begin(telemetry::CallRecord record) = 0;

  // The call has ended.
  virtual void append(telemetry::CallRecord record) = 0;
};

}  // namespace sallyport::store
