// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <thread>

#include "net/socket.h"

namespace sallyport::net {
namespace {

static_assert(kReadable == EPOLLIN && kWritable == EPOLLOUT && kFailed == EPOLLERR && kHungUp == EPOLLHUP &&
              kPeerClosed == EPOLLRDHUP && kEdgeTriggered == EPOLLET);

constexpr std::size_t kEventsPerWait = 512;
constexpr int kHookRounds = 4;  // hooks that ask for one another go on in the next turn
constexpr auto kWakeupToken = std::numeric_limits<std::uint64_t>::max();

std::uint64_t tokenOf(std::uint32_t slot, std::uint32_t generation) { return (std::uint64_t{generation} << 32) | slot; }

Error systemError(const char* code, std::string_view what, int number) {
  return {ErrorKind::overloaded, code, std::string{what} + ": " + systemMessage(number)};
}

}  // namespace

Watch::Watch(Watch&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)), fd_(other.fd_), slot_(other.slot_), interest_(other.interest_) {}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    fd_ = other.fd_;
    slot_ = other.slot_;
    interest_ = other.interest_;
  }
  return *this;
}

void Watch::change(ReadyEvents interest) {
  SP_CHECK(loop_ != nullptr);
  if (interest == interest_) return;
  interest_ = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = tokenOf(slot_, loop_->slots_[slot_].generation);
  SP_CHECK(epoll_ctl(loop_->epoll_.raw(), EPOLL_CTL_MOD, fd_, &event) == 0);  // fails only when fd_ is not ours
}

void Watch::reset() {
  if (auto* loop = std::exchange(loop_, nullptr)) loop->unwatch(fd_, slot_);
}

TurnHook::~TurnHook() {
  if (position_ != kNotQueued) loop_.hooks_[position_] = nullptr;
}

void TurnHook::request() {
  if (position_ != kNotQueued) return;
  position_ = loop_.hooks_.size();
  loop_.hooks_.push_back(this);
}

Result<std::unique_ptr<Loop>> Loop::create(const Clock& clock, LoopOptions options) {
  Fd epoll{epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll) return systemError("net.loop.unavailable", "epoll_create1", errno);
  Fd wakeup{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (!wakeup) return systemError("net.loop.unavailable", "eventfd", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeupToken;
  if (epoll_ctl(epoll.raw(), EPOLL_CTL_ADD, wakeup.raw(), &event) != 0) {
    return systemError("net.loop.unavailable", "epoll_ctl", errno);
  }
  return std::unique_ptr<Loop>{new Loop{clock, options, std::move(epoll), std::move(wakeup)}};
}

Loop::Loop(const Clock& clock, LoopOptions options, Fd epoll, Fd wakeup)
    : clock_(clock), options_(options), epoll_(std::move(epoll)), wakeup_(std::move(wakeup)), now_(clock.steady()) {}

Loop::~Loop() { destroyRetired(); }

void Loop::run() noexcept {
  while (!stopping_.load(std::memory_order_acquire)) turn(std::chrono::hours{1});
  closeMailbox();
  runMailbox();
  runHooks();
  destroyRetired();
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

void Loop::turn(Duration wait) noexcept {
  std::array<epoll_event, kEventsPerWait> events;
  sleepThroughPause();
  const int ready = epoll_wait(epoll_.raw(), events.data(), static_cast<int>(events.size()), waitMilliseconds(wait));
  SP_CHECK(ready >= 0 || errno == EINTR);
  now_ = clock_.steady();
  for (int i = 0; i < ready; ++i)
    dispatch(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
  timers_.runDue(now_);
  runHooks();
  destroyRetired();
}

int Loop::waitMilliseconds(Duration limit) const {
  if (!hooks_.empty()) return 0;
  auto wait = limit;
  if (const auto due = timers_.earliest()) wait = std::min(wait, *due - clock_.steady());
  if (wait <= Duration::zero()) return 0;
  // Rounded up: waking before a timer is due would be a turn for nothing.
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::min<std::int64_t>(rounded, std::numeric_limits<int>::max()));
}

void Loop::dispatch(std::uint64_t token, ReadyEvents events) {
  if (token == kWakeupToken) {
    std::uint64_t count = 0;
    // The counter is emptied before the mailbox: what is posted from here on wakes the next turn.
    [[maybe_unused]] const auto emptied = ::read(wakeup_.raw(), &count, sizeof count);
    runMailbox();
    return;
  }
  const auto slot = static_cast<std::uint32_t>(token);
  const auto& entry = slots_[slot];
  // Unregistered earlier in this turn, perhaps with another in its place already.
  if (entry.pollable == nullptr || entry.generation != static_cast<std::uint32_t>(token >> 32)) return;
  entry.pollable->onReady(events);
}

void Loop::sleepThroughPause() {
  auto length = std::exchange(pause_, Duration::zero());
  if (length <= Duration::zero() || !hooks_.empty()) return;
  if (const auto due = timers_.earliest()) length = std::min(length, *due - clock_.steady());
  if (length > Duration::zero()) std::this_thread::sleep_for(length);
}

Status Loop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    if (mailbox_closed_) return Error{ErrorKind::unavailable, "net.mailbox.closed", {}};
    if (mailbox_.size() >= options_.mailbox_capacity) {
      mailbox_drops_.fetch_add(1, std::memory_order_relaxed);
      return Error{ErrorKind::overloaded, "net.mailbox.full", {}};
    }
    first = mailbox_.empty();
    mailbox_.push_back(std::move(task));
  }
  if (first) wake();
  return success();
}

void Loop::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is at its maximum, and then the loop is woken anyway.
  [[maybe_unused]] const auto written = ::write(wakeup_.raw(), &one, sizeof one);
}

void Loop::closeMailbox() {
  const std::lock_guard lock{mutex_};
  mailbox_closed_ = true;
}

void Loop::runMailbox() {
  {
    const std::lock_guard lock{mutex_};
    std::swap(mailbox_, running_);
  }
  for (auto& task : running_) task();
  running_.clear();
}

void Loop::runHooks() {
  for (int round = 0; round < kHookRounds && !hooks_.empty(); ++round) {
    const auto count = hooks_.size();
    for (std::size_t i = 0; i < count; ++i) {
      auto* const hook = hooks_[i];
      if (hook == nullptr) continue;
      hooks_[i] = nullptr;
      hook->position_ = TurnHook::kNotQueued;
      hook->task_();
    }
    hooks_.erase(hooks_.begin(), hooks_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < hooks_.size(); ++i) {
      if (hooks_[i] != nullptr) hooks_[i]->position_ = i;
    }
  }
}

void Loop::destroyRetired() {
  // A destructor may retire in its turn.
  while (!retired_.empty()) {
    const auto going = std::exchange(retired_, {});
  }
}

Result<Watch> Loop::watch(int fd, ReadyEvents interest, Pollable& pollable) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  epoll_event event{};
  event.events = interest;
  event.data.u64 = tokenOf(slot, slots_[slot].generation);
  if (epoll_ctl(epoll_.raw(), EPOLL_CTL_ADD, fd, &event) != 0) {
    const int number = errno;
    free_slots_.push_back(slot);
    return systemError("net.loop.watch", "epoll_ctl", number);
  }
  slots_[slot].pollable = &pollable;
  return Watch{*this, fd, slot, interest};
}

void Loop::unwatch(int fd, std::uint32_t slot) {
  epoll_ctl(epoll_.raw(), EPOLL_CTL_DEL, fd, nullptr);
  slots_[slot].pollable = nullptr;
  ++slots_[slot].generation;
  free_slots_.push_back(slot);
}

}  // namespace sallyport::net
