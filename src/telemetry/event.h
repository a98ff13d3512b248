// SPDX-License-Identifier: Apache-2.0
#pragma once
// Security and life-cycle events: what every room says to the world about what happened. A room is
// handed an EventSink& and knows nothing of files, formats or threads.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sallyport::telemetry {

enum class Severity : std::uint8_t { debug, info, notice, warning, error, critical };
std::string_view toString(Severity severity);

// A name and a value, valid for the duration of the call to event(). Values may hold hostile bytes:
// a sink escapes them, callers never do. Secrets are not values.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const std::string& text) : name(field_name), value(std::string_view{text}) {}
  Field(std::string_view field_name, const char* text) : name(field_name), value(std::string_view{text}) {}
  Field(std::string_view field_name, std::same_as<bool> auto flag) : name(field_name), value(flag) {}
  Field(std::string_view field_name, std::signed_integral auto number)
      : name(field_name), value(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral N>
  requires(!std::same_as<N, bool>) Field(std::string_view field_name, N number)
      : name(field_name), value(static_cast<std::uint64_t>(number)) {}
  Field(std::string_view field_name, std::floating_point auto number)
      : name(field_name), value(static_cast<double>(number)) {}

  std::string_view name;
  Value value;
};

class EventSink {
 public:
  virtual ~EventSink() = default;

  // Callable from any thread; never blocks on I/O and never fails. `code` is a stable dotted string in
  // static storage ("tls.handshake.refused"): operators grep it and rate limits are kept per code.
  virtual void event(Severity severity, std::string_view code, std::initializer_list<Field> fields) = 0;
};

class NullEventSink final : public EventSink {
 public:
  void event(Severity, std::string_view, std::initializer_list<Field>) override {}
};

}  // namespace sallyport::telemetry
