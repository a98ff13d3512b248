// SPDX-License-Identifier: Apache-2.0
#include "net/tls_listener.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "crypto/tls_context.h"
#include "net/tls_stream.h"

namespace sallyport::net {
namespace {

// Without a descriptor to spare there is no use in being told that somebody waits.
constexpr auto kAcceptPause = std::chrono::milliseconds{100};

using CodeCounts = std::vector<std::pair<const char*, std::uint64_t>>;

void countCode(CodeCounts& counts, const char* code) {
  for (auto& [known, count] : counts) {
    if (std::strcmp(known, code) == 0) {
      ++count;
      return;
    }
  }
  counts.emplace_back(code, 1);
}

bool outOfDescriptors(int number) {
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

}  // namespace

class TlsListener::Impl final : private Pollable, private TlsStream::Handshake {
 public:
  Impl(Loop& loop, Fd socket, const Endpoint& local, ListenerSecurity security, const TlsListenerLimits& limits,
       TlsListenerObserver& observer)
      : loop_(loop),
        socket_(std::move(socket)),
        local_(local),
        security_(std::move(security)),
        limits_(limits),
        settings_(std::make_shared<TlsStreamSettings>(TlsStreamSettings{limits.stream, limits.deadlines})),
        observer_(observer),
        table_(limits.half_open),
        seats_(std::make_shared<Seats>(limits.max_connections, limits.connections_per_source)) {}
  ~Impl() override { stop(); }

  Status start() {
    SP_ASSIGN(watch_, loop_.watch(socket_.raw(), kReadable, *this));
    return success();
  }

  void stop() {
    watch_.reset();
    accept_again_.cancel();
    while (!half_open_.empty()) drop(*half_open_.begin()->second);
    socket_.reset();  // the kernel refuses what it has queued
  }

  Loop& loop() { return loop_; }
  const Endpoint& local() const { return local_; }
  const TlsListenerCounters& counters() const { return counters_; }
  std::size_t connections() const { return seats_->taken(); }
  std::size_t halfOpen() const { return half_open_.size(); }

 private:
  void onReady(ReadyEvents) override {
    for (std::size_t i = 0; i < limits_.accepts_per_turn && socket_; ++i) {
      if (!acceptOne()) return;
    }
  }

  bool acceptOne() {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Fd accepted{::accept4(socket_.raw(), reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!accepted) {
      const int number = errno;
      if (outOfDescriptors(number)) pauseAccepting(number);
      // Anything else concerns the one connection that was to be accepted, which is gone.
      return number != EAGAIN && number != EWOULDBLOCK && !outOfDescriptors(number);
    }
    const auto source = endpointOf(storage);
    if (auto admitted = admit(source); !admitted) {
      countCode(counters_.refused, admitted.error().code);
      observer_.onRefused(source, admitted.error());
      return true;
    }
    ++counters_.accepted;
    begin(std::move(accepted), source);
    return true;
  }

  Status admit(const Endpoint& source) {
    SP_TRY(observer_.admits(source));
    SP_TRY(seats_->admits(source.address));
    return table_.enter(source.address, loop_.now());
  }

  LayerChoice layer() const {
    if (std::holds_alternative<PlainBytes>(security_)) return PlainBytes{};
    const auto& context = std::get<std::shared_ptr<const crypto::TlsServerContext>>(security_);
    return TlsSessionMaker{[context] { return context->newSession(); }};
  }

  void begin(Fd accepted, const Endpoint& source) {
    prepareStream(accepted);
    const auto local = localEndpoint(accepted);
    auto stream = std::make_unique<TlsStream>(loop_,
                                              TlsStream::Parts{.socket = std::move(accepted),
                                                               .role = TlsRole::accepted,
                                                               .local = local ? *local : local_,
                                                               .remote = source,
                                                               .settings = settings_,
                                                               .layer = layer(),
                                                               .seat = Seat{seats_, source.address}},
                                              static_cast<TlsStream::Handshake&>(*this));
    auto* const raw = stream.get();
    half_open_.emplace(raw, std::move(stream));
    if (auto started = raw->start(); !started) onFailed(*raw, started.error());
  }

  std::unique_ptr<TlsStream> take(TlsStream& stream) {
    auto node = half_open_.extract(&stream);
    SP_CHECK(!node.empty());
    table_.leave(stream.remote().address);
    return std::move(node.mapped());
  }

  void drop(TlsStream& stream) {
    auto owned = take(stream);
    owned->abandon();
    loop_.retire(std::move(owned));
  }

  void onVerified(TlsStream& stream) override {
    ++counters_.handshakes_ok;
    observer_.onConnection(std::make_unique<TlsConnection>(take(stream)));
  }

  void onFailed(TlsStream& stream, const Error& reason) override {
    countCode(counters_.handshakes_failed, reason.code);
    const auto source = stream.remote();
    const auto said = reason;  // the stream's own goes with it
    drop(stream);
    observer_.onHandshakeFailed(source, said);
  }

  void pauseAccepting(int number) {
    const Error reason{ErrorKind::overloaded, "net.accept.limit", systemMessage(number)};
    countCode(counters_.refused, reason.code);
    watch_.change(0);
    accept_again_ = loop_.schedule(kAcceptPause, [this] { watch_.change(kReadable); });
    observer_.onRefused({}, reason);
  }

  Loop& loop_;
  Fd socket_;
  const Endpoint local_;
  const ListenerSecurity security_;
  const TlsListenerLimits limits_;
  const std::shared_ptr<const TlsStreamSettings> settings_;
  TlsListenerObserver& observer_;
  TlsListenerCounters counters_;
  HalfOpenTable table_;
  const std::shared_ptr<Seats> seats_;
  std::unordered_map<TlsStream*, std::unique_ptr<TlsStream>> half_open_;
  Watch watch_;
  TimerHandle accept_again_;
};

Result<std::unique_ptr<TlsListener>> TlsListener::listen(Loop& loop, const Endpoint& local, PortSharing sharing,
                                                         ListenerSecurity security, TlsListenerLimits limits,
                                                         TlsListenerObserver& observer) {
  SP_ASSIGN(Fd socket, listenTcp(local, {.sharing = sharing}));
  SP_ASSIGN(const Endpoint bound, localEndpoint(socket));
  return std::unique_ptr<TlsListener>{
      new TlsListener{std::make_unique<Impl>(loop, std::move(socket), bound, std::move(security), limits, observer)}};
}

TlsListener::TlsListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// The observer may do it from within a call of ours.
TlsListener::~TlsListener() {
  impl_->stop();
  auto& loop = impl_->loop();
  loop.retire(std::move(impl_));
}

Status TlsListener::start() { return impl_->start(); }
void TlsListener::stop() { impl_->stop(); }
const Endpoint& TlsListener::local() const { return impl_->local(); }
const TlsListenerCounters& TlsListener::counters() const { return impl_->counters(); }
std::size_t TlsListener::connections() const { return impl_->connections(); }
std::size_t TlsListener::halfOpen() const { return impl_->halfOpen(); }

}  // namespace sallyport::net
