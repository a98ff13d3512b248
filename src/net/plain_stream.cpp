// SPDX-License-Identifier: Apache-2.0
#include "net/plain_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sallyport::net {
namespace {

constexpr std::size_t kReadAtOnce = 16 * 1'024;
constexpr int kAcceptsPerTurn = 16;
constexpr auto kAcceptPause = std::chrono::milliseconds{100};

bool wouldBlock(int number) { return number == EAGAIN || number == EWOULDBLOCK || number == EINTR; }

}  // namespace

PlainStream::PlainStream(Loop& loop, Fd socket, std::uint64_t id, std::size_t input_limit, Owner& owner)
    : loop_(loop),
      owner_(&owner),
      id_(id),
      input_limit_(input_limit),
      socket_(std::move(socket)),
      turn_end_(loop, [this] { writeOutput(); }) {}

Status PlainStream::start() {
  SP_ASSIGN(watch_, loop_.watch(socket_.raw(), kReadable, *this));
  return success();
}

void PlainStream::abandon() {
  owner_ = nullptr;
  watch_.reset();
  deadline_.cancel();
  socket_.reset();
}

void PlainStream::pauseInput() {
  input_paused_ = true;
  updateInterest();
}

void PlainStream::resumeInput() {
  input_paused_ = false;
  updateInterest();
}

void PlainStream::write(std::string_view bytes) {
  if (owner_ == nullptr || ending_) return;
  output_.append(bytes);
  turn_end_.request();
}

void PlainStream::endAfterOutput() {
  ending_ = true;
  turn_end_.request();
}

void PlainStream::expectWithin(Duration limit) {
  deadline_ = loop_.schedule(limit, [this] { ended(); });
}

void PlainStream::onReady(ReadyEvents events) {
  if ((events & kWritable) != 0) writeOutput();
  if (owner_ == nullptr) return;
  // Hung up both ways while nobody reads: there is nobody to answer any more.
  if ((events & (kHungUp | kFailed)) != 0 && (input_paused_ || input_ended_)) return ended();
  if ((events & (kReadable | kHungUp | kFailed)) != 0) readInput();
}

void PlainStream::readInput() {
  if (input_paused_ || input_ended_ || ending_) return;
  std::array<char, kReadAtOnce> bytes;
  const auto room = std::min(bytes.size(), input_limit_ - std::min(input_limit_, input_.size()));
  if (room == 0) return;
  const auto count = ::recv(socket_.raw(), bytes.data(), room, 0);
  if (count < 0) {
    if (!wouldBlock(errno)) ended();
    return;
  }
  if (count == 0) {
    input_ended_ = true;
    updateInterest();
  }
  input_.append(bytes.data(), static_cast<std::size_t>(count));
  owner_->onInput(*this);
}

void PlainStream::writeOutput() {
  if (owner_ == nullptr) return;
  while (outputPending() > 0) {
    const auto count = ::send(socket_.raw(), output_.data() + output_sent_, outputPending(), MSG_NOSIGNAL);
    if (count < 0) {
      if (!wouldBlock(errno)) return ended();
      blocked_ = true;
      return updateInterest();
    }
    output_sent_ += static_cast<std::size_t>(count);
  }
  output_ = {};
  output_sent_ = 0;
  blocked_ = false;
  updateInterest();
  if (ending_) return ended();
  owner_->onWritten(*this);
}

void PlainStream::ended() {
  if (auto* owner = owner_) owner->onEnded(*this);
}

void PlainStream::updateInterest() {
  if (!watch_.active()) return;
  watch_.change((blocked_ ? kWritable : 0u) | (input_paused_ || input_ended_ ? 0u : kReadable));
}

PlainClients::PlainClients(Loop& loop, Fd socket, std::size_t most, std::size_t input_limit, PlainStream::Owner& owner)
    : loop_(loop), socket_(std::move(socket)), most_(most), input_limit_(input_limit), owner_(owner) {}

PlainClients::~PlainClients() {
  while (!streams_.empty()) drop(*streams_.begin()->second);
}

Status PlainClients::start() {
  SP_ASSIGN(watch_, loop_.watch(socket_.raw(), kReadable, *this));
  return success();
}

void PlainClients::drop(PlainStream& stream) {
  auto node = streams_.extract(stream.id());
  SP_CHECK(!node.empty());
  node.mapped()->abandon();
  loop_.retire(std::move(node.mapped()));
}

PlainStream* PlainClients::find(std::uint64_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void PlainClients::onReady(ReadyEvents) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    Fd accepted{::accept4(socket_.raw(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!accepted) {
      if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
      watch_.change(0);
      accept_again_ = loop_.schedule(kAcceptPause, [this] { watch_.change(kReadable); });
      return;
    }
    if (streams_.size() >= most_) continue;  // closed again
    auto stream = std::make_unique<PlainStream>(loop_, std::move(accepted), ++last_id_, input_limit_, owner_);
    if (!stream->start()) continue;
    auto& started = *streams_.emplace(stream->id(), std::move(stream)).first->second;
    if (on_accepted_) on_accepted_(started);
  }
}

}  // namespace sallyport::net
