// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include "net/socket.h"

namespace sallyport::net {
namespace {

constexpr std::size_t kRecord = 16 * 1'024;       // RFC 8446 5.1: the most one read of TLS gives
constexpr std::size_t kKeptCapacity = 1'024;      // an idle connection holds no larger buffer
constexpr std::size_t kLingerInput = 64 * 1'024;  // per turn, thrown away

// RFC 8446 5.1: a handshake record begins with its type and the major version of every TLS.
constexpr unsigned char kHandshakeRecord = 22;
constexpr unsigned char kMajorVersion = 3;

StreamSecurity securityOf(const LayerChoice& choice) {
  return std::holds_alternative<PlainBytes>(choice) ? StreamSecurity::plain : StreamSecurity::tls;
}

Error notTls(const unsigned char* bytes, std::size_t count) {
  std::string shown;
  for (std::size_t i = 0; i < count; ++i) shown += std::isgraph(bytes[i]) != 0 ? static_cast<char>(bytes[i]) : '.';
  return {ErrorKind::peerMisbehaved, "tls.handshake.not_tls", "the first bytes are no TLS record: \"" + shown + "\""};
}

}  // namespace

TlsStream::TlsStream(Loop& loop, Parts parts, Handshake& handshake)
    : loop_(loop),
      handshake_(&handshake),
      settings_(std::move(parts.settings)),
      choice_(std::move(parts.layer)),
      seat_(std::move(parts.seat)),
      local_(parts.local),
      remote_(parts.remote),
      socket_(std::move(parts.socket)),
      state_(parts.role == TlsRole::accepted && securityOf(choice_) == StreamSecurity::tls ? State::waiting
                                                                                           : State::handshaking),
      role_(parts.role),
      security_(securityOf(choice_)),
      turn_end_(loop, [this] { endTurn(); }),
      began_(loop.now()),
      last_input_(began_),
      last_output_(began_) {}

Status TlsStream::start() {
  SP_ASSIGN(watch_, loop_.watch(socket_.fd(), kReadable | (state_ == State::handshaking ? kWritable : 0u), *this));
  armDeadline();
  return success();
}

void TlsStream::abandon() {
  state_ = State::closed;
  handler_ = nullptr;
  handshake_ = nullptr;
  watch_.reset();
  first_read_.cancel();
  deadline_timer_.cancel();
}

void TlsStream::setHandler(TlsHandler& handler) {
  handler_ = &handler;
  if (state_ != State::open) return;
  updateInterest();
  // The session may hold bytes that came with the handshake, of which the descriptor says nothing any more.
  first_read_ = loop_.schedule({}, [this] { readInput(); });
}

Status TlsStream::send(std::string_view bytes) {
  if (!open()) return Error{ErrorKind::unavailable, "net.connection.closed", remote_.toString()};
  const auto pending = outputPending();
  if (pending + bytes.size() > settings_->limits.output_high_water) {
    Error full{ErrorKind::overloaded, "net.output.full",
               remote_.toString() + " has " + std::to_string(pending) + " bytes waiting and takes none"};
    close(full);
    return full;
  }
  if (bytes.empty()) return success();
  if (pending == 0) last_output_ = loop_.now();
  if (output_sent_ > 0 && output_sent_ >= output_.size() / 2) {
    output_.erase(0, output_sent_);
    output_sent_ = 0;
  }
  output_.append(bytes);
  if (outputPending() > settings_->limits.output_low_water) above_high_water_ = true;
  turn_end_.request();
  return success();
}

void TlsStream::close(Error reason) {
  if (state_ == State::closed || ending_) return;
  ending_ = std::move(reason);
  turn_end_.request();
}

void TlsStream::messageBegun(Duration limit) {
  if (message_due_) return;
  message_due_ = loop_.now() + limit;
  armDeadline();
}

TlsFacts TlsStream::facts() const { return layer_ ? layer_->facts() : TlsFacts{}; }

void TlsStream::onReady(ReadyEvents events) {
  socket_.newTurn(settings_->limits.input_per_turn);
  switch (state_) {
    case State::waiting: look(); return;
    case State::handshaking: shakeHands(); return;
    case State::open:
      if ((events & kWritable) != 0) writeOutput();
      if (state_ == State::open) readInput();
      return;
    case State::closing: writeOutput(); return;
    case State::lingering: linger(); return;
    case State::closed: return;
  }
}

// The first bytes of a stranger: looked at where they are, before a session is made for them.
void TlsStream::look() {
  std::array<unsigned char, 8> first{};
  const auto count = ::recv(socket_.fd(), first.data(), first.size(), MSG_PEEK);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    return failHandshake({ErrorKind::unavailable, "tls.handshake.closed", "the peer left without a word"});
  }
  if (first[0] != kHandshakeRecord || (count > 1 && first[1] != kMajorVersion)) {
    return failHandshake(notTls(first.data(), static_cast<std::size_t>(count)));
  }
  state_ = State::handshaking;
  shakeHands();
}

Status TlsStream::beginLayer() {
  if (auto* make_session = std::get_if<TlsSessionMaker>(&choice_)) {
    SP_ASSIGN(auto session, (*make_session)());
    make_session->reset();
    SP_ASSIGN(layer_, tlsLayer(std::move(session), socket_));
  } else {
    layer_ = plainLayer(socket_);
  }
  return success();
}

void TlsStream::shakeHands() {
  if (!layer_) {
    if (auto begun = beginLayer(); !begun) return failHandshake(std::move(begun).error());
  }
  const auto step = layer_->open();
  if (step == Step::done) {
    auto peer = layer_->peer();
    if (!peer) return failHandshake(std::move(peer).error());
    peer_ = *std::move(peer);
    return opened();
  }
  wants_write_ = step == Step::wantsOutput;
  if (wants_write_ || step == Step::wantsInput) return updateInterest();
  failHandshake(layer_->reason());
}

void TlsStream::failHandshake(Error reason) {
  // What the peer sent meanwhile is taken in, lest closing resets the connection before our alert is read.
  socket_.discardInput(kLingerInput);
  auto* const handshake = handshake_;
  abandon();
  socket_.finishWriting();
  handshake->onFailed(*this, reason);
}

void TlsStream::opened() {
  state_ = State::open;
  wants_write_ = false;
  began_ = last_input_ = last_output_ = loop_.now();
  auto* const handshake = std::exchange(handshake_, nullptr);
  handshake->onVerified(*this);
  if (state_ != State::open) return;
  updateInterest();
  armDeadline();
}

void TlsStream::readInput() {
  while (state_ == State::open && handler_ != nullptr && !ending_ && readOnce()) {
    if (socket_.drained() && !layer_->holdsInput()) return;
  }
}

// True when it gave the handler something, false when there is nothing more for now or ever.
bool TlsStream::readOnce() {
  std::array<char, kRecord> bytes;
  const auto [step, count] = layer_->read(bytes);
  switch (step) {
    case Step::done:
      heard_ = true;
      last_input_ = loop_.now();
      handler_->onBytes({bytes.data(), count});
      return true;
    case Step::wantsInput: break;
    case Step::wantsOutput:  // an answer of TLS's own, such as to a key update
      wants_write_ = true;
      updateInterest();
      break;
    case Step::ended: close(layer_->reason()); break;
    case Step::failed: finish(layer_->reason()); break;
  }
  return false;
}

void TlsStream::endTurn() {
  if (state_ == State::open && ending_) {
    state_ = State::closing;
    began_ = loop_.now();
    armDeadline();
  }
  if (state_ == State::open || state_ == State::closing) writeOutput();
}

void TlsStream::writeOutput() {
  while (outputPending() > 0) {
    const auto [step, count] = layer_->write(std::string_view{output_}.substr(output_sent_));
    if (step != Step::done) {
      if (step != Step::wantsOutput && step != Step::wantsInput) return finish(layer_->reason());
      wants_write_ = true;
      updateInterest();
      armDeadline();
      return;
    }
    output_sent_ += count;
    last_output_ = loop_.now();
  }
  releaseOutput();
  wants_write_ = false;
  if (state_ == State::closing) return sayGoodbye();
  updateInterest();
  if (std::exchange(above_high_water_, false) && handler_ != nullptr) handler_->onDrained();
}

void TlsStream::releaseOutput() {
  output_sent_ = 0;
  if (output_.capacity() > kKeptCapacity) {
    output_ = {};
  } else {
    output_.clear();
  }
}

// What the layer has to say (close_notify), then the end of our half.
void TlsStream::sayGoodbye() {
  if (layer_->sayGoodbye() == Step::wantsOutput) {
    wants_write_ = true;
    return updateInterest();
  }
  socket_.finishWriting();
  state_ = State::lingering;
  updateInterest();
  linger();
}

void TlsStream::linger() {
  if (socket_.ended() || socket_.discardInput(kLingerInput)) finish(*ending_);
}

void TlsStream::finish(Error reason) {
  auto* const handler = handler_;
  // An end that was decided before the stream broke keeps its reason.
  if (ending_) reason = *std::exchange(ending_, std::nullopt);
  abandon();
  if (handler != nullptr) handler->onClosed(reason);
}

void TlsStream::updateInterest() {
  if (!watch_.active()) return;
  ReadyEvents interest = wants_write_ ? kWritable : 0u;
  const bool reads = state_ == State::waiting || state_ == State::handshaking || state_ == State::lingering ||
                     (state_ == State::open && handler_ != nullptr);
  if (reads) interest |= kReadable;
  watch_.change(interest);
}

TlsStream::Deadline TlsStream::deadline() const {
  const auto& limits = settings_->deadlines;
  switch (state_) {
    case State::waiting:
    case State::handshaking: return {began_ + limits.handshake, "tls.handshake.timeout"};
    case State::closing:
    case State::lingering: return {began_ + limits.closing, ""};
    case State::closed: return {TimePoint::max(), ""};
    case State::open: break;
  }
  Deadline next{kept_open_ ? TimePoint::max() : last_input_ + limits.idle, "net.idle.timeout"};
  const auto consider = [&next](TimePoint due, const char* code) {
    if (due < next.due) next = {due, code};
  };
  if (role_ == TlsRole::accepted && !heard_) consider(began_ + limits.first_byte, "net.first_byte.timeout");
  if (message_due_) consider(*message_due_, "net.message.timeout");
  if (outputPending() > 0) consider(last_output_ + limits.output_stall, "net.output.stalled");
  return next;
}

// One timer per stream. It is moved only when the next deadline is earlier than the one it waits for;
// activity, which puts deadlines off, is noticed when it fires.
void TlsStream::armDeadline() {
  const auto due = deadline().due;
  if (due == TimePoint::max() || (deadline_timer_.pending() && deadline_armed_ <= due)) return;
  deadline_armed_ = due;
  deadline_timer_ = loop_.scheduleAt(due, [this] { onDeadline(); });
}

void TlsStream::onDeadline() {
  const auto next = deadline();
  if (next.due > loop_.now()) return armDeadline();
  switch (state_) {
    case State::waiting:
    case State::handshaking:
      return failHandshake({ErrorKind::peerMisbehaved, next.code,
                            state_ == State::waiting ? "connected and said nothing" : "the handshake took too long"});
    case State::closing:
    case State::lingering: return finish(*ending_);
    case State::closed: return;
    case State::open: break;
  }
  close({ErrorKind::unavailable, next.code, remote_.toString()});
}

}  // namespace sallyport::net
