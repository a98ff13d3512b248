// SPDX-License-Identifier: Apache-2.0
#pragma once
// How this codebase reports failure. Everything that can fail because of input, a peer, the network
// or the operator returns a Result; no exception crosses a room, and nothing on the packet path throws.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/check.h"

namespace sallyport {

// Who is at fault, which is also what the caller should do about it. Closed on purpose: a reply
// code, a metric label and a reputation penalty are each a total function of ErrorKind.
enum class ErrorKind : std::uint8_t {
  peerMisbehaved,  // broke the protocol: refuse, count against the peer
  peerDenied,      // well formed, not allowed: refuse without detail
  overloaded,      // ours to shed: retry later
  unavailable,     // the network or a dependency failed: retry elsewhere
  misconfigured,   // the operator's input: say exactly where
  internal,        // our bug: log loudly, fail this call closed
};

std::string_view toString(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  const char* code = "";  // static storage; stable, greppable, e.g. "sip.content_length.conflict"
  std::string detail;     // for the log and the operator, never for the wire
};

// "code: detail", for an operator's eyes.
std::string describe(const Error& error);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    SP_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    SP_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  T& value() {
    SP_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    SP_CHECK(ok());
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

struct Unit {};

// Success without a value.
using Status = Result<Unit>;
inline Status success() { return Unit{}; }

}  // namespace sallyport

// SP_TRY(expr): leave with the error when the Result of `expr` is one.
#define SP_TRY(expr)                                   \
  do {                                                 \
    if (auto sp_try_result = (expr); !sp_try_result) { \
      return std::move(sp_try_result).error();         \
    }                                                  \
  } while (false)

#define SP_CONCAT_INNER(a, b) a##b
#define SP_CONCAT(a, b) SP_CONCAT_INNER(a, b)

// SP_ASSIGN(auto name, expr): bind the value of `expr`, or leave with its error.
#define SP_ASSIGN(declaration, expr) SP_ASSIGN_INNER(SP_CONCAT(sp_assign_, __LINE__), declaration, expr)
#define SP_ASSIGN_INNER(result, declaration, expr) \
  auto result = (expr);                            \
  if (!result) return std::move(result).error();   \
  declaration = *std::move(result)
