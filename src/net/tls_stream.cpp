// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <limits>

#include "crypto/tls_context.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

constexpr std::size_t kRecord = 16 * 1'024;       // RFC 8446 5.1: the most one SSL_read gives
constexpr std::size_t kKeptCapacity = 1'024;      // an idle connection holds no larger buffer
constexpr std::size_t kLingerInput = 64 * 1'024;  // per turn, thrown away

// RFC 8446 5.1: a handshake record begins with its type and the major version of every TLS.
constexpr unsigned char kHandshakeRecord = 22;
constexpr unsigned char kMajorVersion = 3;

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
      make_session_(std::move(parts.make_session)),
      seat_(std::move(parts.seat)),
      local_(parts.local),
      remote_(parts.remote),
      socket_(std::move(parts.socket)),
      state_(parts.role == TlsRole::accepted ? State::waiting : State::handshaking),
      role_(parts.role),
      turn_end_(loop, [this] { endTurn(); }),
      began_(loop.now()),
      last_input_(began_),
      last_output_(began_) {}

Status TlsStream::start() {
  SP_ASSIGN(watch_, loop_.watch(socket_.fd(), kReadable | (role_ == TlsRole::dialed ? kWritable : 0u), *this));
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

TlsFacts TlsStream::facts() const {
  if (!session_) return {};
  const auto facts = crypto::factsOf(session_.get());
  return {facts.version, facts.suite, facts.group, facts.alpn};
}

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

Status TlsStream::beginSession() {
  SP_ASSIGN(session_, make_session_());
  make_session_.reset();
  SP_TRY(socket_.attach(session_.get()));
  SSL_set_read_ahead(session_.get(), 1);  // header and body of a record in one system call
  SSL_set_mode(session_.get(),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return success();
}

void TlsStream::shakeHands() {
  if (!session_) {
    if (auto begun = beginSession(); !begun) return failHandshake(std::move(begun).error());
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1) {
    if (crypto::isAnonymous(session_.get())) return opened();
    auto peer = crypto::peerOf(session_.get());
    if (!peer) return failHandshake(std::move(peer).error());
    peer_.emplace(*std::move(peer));
    return opened();
  }
  const int ssl_error = SSL_get_error(session_.get(), result);
  wants_write_ = ssl_error == SSL_ERROR_WANT_WRITE;
  if (wants_write_ || ssl_error == SSL_ERROR_WANT_READ) return updateInterest();
  failHandshake(failure(ssl_error));
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

// The reason of a failed SSL call. Empties OpenSSL's error queue.
Error TlsStream::failure(int ssl_error) {
  const bool shaking = state_ == State::handshaking;
  auto said = crypto::handshakeError(session_.get());
  if (socket_.systemError() != 0) {
    return {ErrorKind::unavailable, shaking ? "tls.handshake.closed" : "net.peer.reset",
            systemMessage(socket_.systemError())};
  }
  if (socket_.ended() && (ssl_error == SSL_ERROR_SYSCALL || std::string_view{said.code} == "tls.handshake.closed")) {
    if (shaking) return {ErrorKind::unavailable, "tls.handshake.closed", "the peer left during the handshake"};
    return {ErrorKind::unavailable, "tls.truncated", "the peer left without close_notify"};
  }
  if (!shaking && std::string_view{said.code} == "tls.handshake.protocol") said.code = "tls.protocol";
  return said;
}

void TlsStream::readInput() {
  while (state_ == State::open && handler_ != nullptr && !ending_ && readOnce()) {
    if (socket_.drained() && SSL_has_pending(session_.get()) == 0) return;
  }
}

// True when it gave the handler something, false when there is nothing more for now or ever.
bool TlsStream::readOnce() {
  std::array<char, kRecord> bytes;
  ERR_clear_error();
  const int count = SSL_read(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (count > 0) {
    heard_ = true;
    last_input_ = loop_.now();
    handler_->onBytes({bytes.data(), static_cast<std::size_t>(count)});
    return true;
  }
  const int ssl_error = SSL_get_error(session_.get(), count);
  switch (ssl_error) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_WANT_WRITE:  // an answer of TLS's own, such as to a key update
      wants_write_ = true;
      updateInterest();
      break;
    case SSL_ERROR_ZERO_RETURN: close({ErrorKind::unavailable, "tls.closed", "the peer said goodbye"}); break;
    default: finish(failure(ssl_error)); break;
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
    const auto size = static_cast<int>(std::min<std::size_t>(outputPending(), std::numeric_limits<int>::max()));
    ERR_clear_error();
    const int count = SSL_write(session_.get(), output_.data() + output_sent_, size);
    if (count <= 0) {
      const int ssl_error = SSL_get_error(session_.get(), count);
      if (ssl_error != SSL_ERROR_WANT_WRITE && ssl_error != SSL_ERROR_WANT_READ) return finish(failure(ssl_error));
      wants_write_ = true;
      updateInterest();
      armDeadline();
      return;
    }
    output_sent_ += static_cast<std::size_t>(count);
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

// RFC 8446 6.1: close_notify, then the end of our half.
void TlsStream::sayGoodbye() {
  ERR_clear_error();
  if (SSL_shutdown(session_.get()) < 0) {
    const int ssl_error = SSL_get_error(session_.get(), -1);
    if (ssl_error == SSL_ERROR_WANT_WRITE) {
      wants_write_ = true;
      return updateInterest();
    }
    ERR_clear_error();
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
  Deadline next{last_input_ + limits.idle, "net.idle.timeout"};
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
