// SPDX-License-Identifier: Apache-2.0
#pragma once
// An EventSink for tests: keeps what it was told, as text. Thread-safe.

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "telemetry/event.h"

namespace sallyport::telemetry {

struct RecordedEvent {
  Severity severity = Severity::info;
  std::string code;
  std::map<std::string, std::string, std::less<>> fields;
};

class RecordingSink final : public EventSink {
 public:
  void event(Severity severity, std::string_view code, std::initializer_list<Field> fields) override;

  std::vector<RecordedEvent> events() const;
  std::vector<RecordedEvent> events(std::string_view code) const;

 private:
  mutable std::mutex mutex_;
  std::vector<RecordedEvent> events_;
};

}  // namespace sallyport::telemetry
