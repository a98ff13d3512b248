// SPDX-License-Identifier: Apache-2.0
#include "telemetry/event.h"

#include "telemetry/recording_sink.h"

namespace sallyport::telemetry {

std::string_view toString(Severity severity) {
  switch (severity) {
    case Severity::debug: return "debug";
    case Severity::info: return "info";
    case Severity::notice: return "notice";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
    case Severity::critical: break;
  }
  return "critical";
}

namespace {

struct AsText {
  std::string operator()(std::string_view text) const { return std::string{text}; }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(auto number) const { return std::to_string(number); }
};

}  // namespace

void RecordingSink::event(Severity severity, std::string_view code, std::initializer_list<Field> fields) {
  RecordedEvent recorded{severity, std::string{code}, {}};
  for (const auto& field : fields) recorded.fields[std::string{field.name}] = std::visit(AsText{}, field.value);
  const std::lock_guard lock{mutex_};
  events_.push_back(std::move(recorded));
}

std::vector<RecordedEvent> RecordingSink::events() const {
  const std::lock_guard lock{mutex_};
  return events_;
}

std::vector<RecordedEvent> RecordingSink::events(std::string_view code) const {
  const std::lock_guard lock{mutex_};
  std::vector<RecordedEvent> matching;
  for (const auto& each : events_) {
    if (each.code == code) matching.push_back(each);
  }
  return matching;
}

}  // namespace sallyport::telemetry
