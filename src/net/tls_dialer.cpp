// SPDX-License-Identifier: Apache-2.0
#include "net/tls_dialer.h"

#include <netinet/in.h>

#include <cerrno>

#include "crypto/tls_context.h"
#include "net/socket.h"
#include "net/tls_stream.h"

namespace sallyport::net {
namespace {

Error connectError(int number, const Endpoint& remote) {
  const char* const code = number == ECONNREFUSED ? "net.connect.refused"
                           : number == ETIMEDOUT  ? "net.connect.timeout"
                                                  : "net.connect.unreachable";
  return {ErrorKind::unavailable, code, remote.toString() + ": " + systemMessage(number)};
}

// Who answers there is not whom we know: no other address makes that good.
bool endsTheAttempt(const Error& error) {
  const std::string_view code{error.code};
  return code.starts_with("tls.certificate.") || code.starts_with("tls.peer.");
}

}  // namespace

class Dial::Impl final : private Pollable, private TlsStream::Handshake {
 public:
  Impl(Loop& loop, DialTarget target, const DialLimits& limits, DialCallback done)
      : loop_(loop),
        target_(std::move(target)),
        connect_limit_(limits.connect),
        settings_(std::make_shared<TlsStreamSettings>(TlsStreamSettings{limits.stream, limits.deadlines})),
        done_(std::move(done)) {
    SP_CHECK(!target_.addresses.empty());
    step_ = loop_.schedule({}, [this] { tryNext(); });
  }

  void giveUp() {
    done_.reset();
    dropAttempt();
    step_.cancel();
  }
  Loop& loop() { return loop_; }

 private:
  const Endpoint& address() const { return target_.addresses[next_ - 1]; }

  LayerChoice layer() const {
    if (std::holds_alternative<PlainBytes>(target_.security)) return PlainBytes{};
    const auto& context = std::get<std::shared_ptr<const crypto::TlsClientContext>>(target_.security);
    return TlsSessionMaker{[context] { return context->newSession(); }};
  }

  void tryNext() {
    const auto& remote = target_.addresses[next_++];
    socket_ = Fd{::socket(remote.address.isV4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket_) return failed(socketError(errno, "open a socket for", remote));
    prepareStream(socket_);
    const SocketAddress address{remote};
    if (::connect(socket_.raw(), address.raw(), address.size()) == 0) return connected();
    if (errno != EINPROGRESS) return failed(connectError(errno, remote));
    auto watch = loop_.watch(socket_.raw(), kWritable, *this);
    if (!watch) return failed(std::move(watch).error());
    watch_ = *std::move(watch);
    step_ = loop_.schedule(connect_limit_, [this] { failed(connectError(ETIMEDOUT, this->address())); });
  }

  void onReady(ReadyEvents) override {
    int number = 0;
    socklen_t size = sizeof number;
    if (getsockopt(socket_.raw(), SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    if (number != 0) return failed(connectError(number, address()));
    connected();
  }

  void connected() {
    watch_.reset();
    step_.cancel();
    const auto local = localEndpoint(socket_);
    stream_ = std::make_unique<TlsStream>(loop_,
                                          TlsStream::Parts{.socket = std::move(socket_),
                                                           .role = TlsRole::dialed,
                                                           .local = local ? *local : Endpoint{},
                                                           .remote = address(),
                                                           .settings = settings_,
                                                           .layer = layer(),
                                                           .seat = {}},
                                          static_cast<TlsStream::Handshake&>(*this));
    if (auto started = stream_->start(); !started) failed(std::move(started).error());
  }

  void onVerified(TlsStream&) override { report(std::make_unique<TlsConnection>(std::move(stream_))); }

  void onFailed(TlsStream&, const Error& reason) override {
    const auto said = reason;
    failed({said.kind, said.code, address().toString() + ": " + said.detail});
  }

  void failed(Error error) {
    dropAttempt();
    if (next_ < target_.addresses.size() && !endsTheAttempt(error)) {
      step_ = loop_.schedule({}, [this] { tryNext(); });
      return;
    }
    step_.cancel();
    report(std::move(error));
  }

  // The callback may let the Dial go; nothing of it is touched afterwards.
  void report(Result<std::unique_ptr<TlsConnection>> result) {
    auto done = std::exchange(done_, {});
    if (done) done(std::move(result));
  }

  void dropAttempt() {
    watch_.reset();
    socket_.reset();
    if (!stream_) return;
    stream_->abandon();
    loop_.retire(std::move(stream_));
  }

  Loop& loop_;
  const DialTarget target_;
  const Duration connect_limit_;
  const std::shared_ptr<const TlsStreamSettings> settings_;
  DialCallback done_;
  std::size_t next_ = 0;
  Fd socket_;  // while connecting
  Watch watch_;
  TimerHandle step_;  // the next address, or the deadline of this one
  std::unique_ptr<TlsStream> stream_;
};

std::unique_ptr<Dial> Dial::start(Loop& loop, DialTarget target, DialLimits limits, DialCallback done) {
  return std::unique_ptr<Dial>{new Dial{std::make_unique<Impl>(loop, std::move(target), limits, std::move(done))}};
}

Dial::Dial(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Dial::~Dial() {
  impl_->giveUp();
  auto& loop = impl_->loop();
  loop.retire(std::move(impl_));
}

}  // namespace sallyport::net
