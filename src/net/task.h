// SPDX-License-Identifier: Apache-2.0
#pragma once
// A callable that is run at most as often as its owner likes and never copied: what timers, mailboxes
// and completions carry. Captures up to kInlineBytes cost no allocation.

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "core/check.h"

namespace sallyport::net {

template <typename Signature>
class UniqueFunction;

template <typename Return, typename... Arguments>
class UniqueFunction<Return(Arguments...)> {
 public:
  static constexpr std::size_t kInlineBytes = 48;

  UniqueFunction() = default;
  template <typename Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, UniqueFunction> &&
           std::is_invocable_r_v<Return, std::remove_cvref_t<Callable>&, Arguments...>)
      UniqueFunction(Callable&& callable) {  // NOLINT(google-explicit-constructor)
    using Stored = std::remove_cvref_t<Callable>;
    if constexpr (fitsInline<Stored>()) {
      ::new (static_cast<void*>(storage_)) Stored(std::forward<Callable>(callable));
      vtable_ = &kInline<Stored>;
    } else {
      ::new (static_cast<void*>(storage_)) Stored*(new Stored(std::forward<Callable>(callable)));
      vtable_ = &kHeap<Stored>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return vtable_ != nullptr; }

  Return operator()(Arguments... arguments) {
    SP_CHECK(vtable_ != nullptr);
    return vtable_->call(storage_, std::forward<Arguments>(arguments)...);
  }

  void reset() {
    if (vtable_ == nullptr) return;
    const auto* vtable = std::exchange(vtable_, nullptr);
    vtable->destroy(storage_);
  }

 private:
  struct Vtable {
    Return (*call)(std::byte*, Arguments&&...);
    void (*move)(std::byte* to, std::byte* from) noexcept;  // leaves nothing at `from`
    void (*destroy)(std::byte*) noexcept;
  };

  template <typename Stored>
  static constexpr bool fitsInline() {
    return sizeof(Stored) <= kInlineBytes && alignof(Stored) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Stored>;
  }
  template <typename T>
  static T& at(std::byte* storage) {
    return *std::launder(reinterpret_cast<T*>(storage));
  }
  template <typename Stored>
  static constexpr Vtable kInline{
      [](std::byte* s, Arguments&&... a) -> Return { return at<Stored>(s)(std::forward<Arguments>(a)...); },
      [](std::byte* to, std::byte* from) noexcept {
        ::new (static_cast<void*>(to)) Stored(std::move(at<Stored>(from)));
        at<Stored>(from).~Stored();
      },
      [](std::byte* s) noexcept { at<Stored>(s).~Stored(); }};
  template <typename Stored>
  static constexpr Vtable kHeap{
      [](std::byte* s, Arguments&&... a) -> Return { return (*at<Stored*>(s))(std::forward<Arguments>(a)...); },
      [](std::byte* to, std::byte* from) noexcept { ::new (static_cast<void*>(to)) Stored*(at<Stored*>(from)); },
      [](std::byte* s) noexcept { delete at<Stored*>(s); }};

  void take(UniqueFunction& other) noexcept {
    vtable_ = std::exchange(other.vtable_, nullptr);
    if (vtable_ != nullptr) vtable_->move(storage_, other.storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Vtable* vtable_ = nullptr;
};

using Task = UniqueFunction<void()>;

}  // namespace sallyport::net
