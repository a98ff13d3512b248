// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <ares.h>
#include <arpa/inet.h>

#include <cstring>
#include <deque>
#include <map>
#include <unordered_map>

#include "net/dns_message.h"

namespace sallyport::net {
namespace {

constexpr int kDatagram = 1'232;  // octets that pass without fragments nearly everywhere
using Answer = std::shared_ptr<const Result<DnsAnswer>>;

Error failure(int status, const DnsQuestion& question) {
  const char* const code = status == ARES_ETIMEOUT   ? "net.dns.timeout"
                           : status == ARES_EBADNAME ? "net.dns.name"
                                                     : "net.dns.failed";
  return {ErrorKind::unavailable, code, question.toString() + ": " + ares_strerror(status)};
}

Result<DnsAnswer> read(int status, Bytes message, const DnsQuestion& question) {
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) {
    DnsAnswer nothing;
    nothing.ttl = std::chrono::seconds::max();
    return nothing;
  }
  if (status != ARES_SUCCESS) return failure(status, question);
  return readDnsAnswer(message, question);
}

}  // namespace

class Resolver::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Loop& loop, const ResolverOptions& options) : loop_(loop), options_(options), cache_(options.cache) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { close(); }

  Status open();
  void close();
  std::uint64_t ask(const DnsQuestion& question, Answered answered);
  void cancel(std::uint64_t id) { waiting_.erase(id); }
  std::size_t cached() const { return cache_.size(); }

 private:
  // A socket of the library's, watched for it.
  struct Socket final : Pollable {
    Socket(Impl& resolver, ares_socket_t descriptor) : impl(resolver), fd(descriptor) {}
    void onReady(ReadyEvents events) override { impl.onReady(fd, events); }
    Impl& impl;
    ares_socket_t fd;
    Watch watch;
  };
  // A question on its way, in the hands of the library until it calls back.
  struct Query {
    Impl& impl;
    DnsQuestion question;
  };

  int setServers();
  void interest(ares_socket_t fd, ReadyEvents wanted);
  void onReady(ares_socket_t fd, ReadyEvents events);
  void rearm();
  void startQueued();
  void onAnswer(const DnsQuestion& question, int status, Bytes message);
  void tell(std::vector<std::uint64_t> ids, Answer answer);
  void deliver();

  Loop& loop_;
  const ResolverOptions options_;
  DnsCache cache_;
  ares_channel channel_ = nullptr;
  std::map<ares_socket_t, std::unique_ptr<Socket>> sockets_;
  std::unordered_map<std::uint64_t, Answered> waiting_;        // whoever is not here any more is not told
  std::map<DnsQuestion, std::vector<std::uint64_t>> pending_;  // asked or queued, and by whom
  std::deque<DnsQuestion> queued_;
  std::vector<std::pair<std::uint64_t, Answer>> ready_;
  std::size_t in_flight_ = 0;
  std::uint64_t next_id_ = 1;
  TimerHandle timeout_, delivery_;
};

// --- the library ------------------------------------------------------------------------------------------------

Status Resolver::Impl::open() {
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
  options.timeout = static_cast<int>(options_.timeout.count());
  options.tries = static_cast<int>(options_.attempts);
  options.ednspsz = kDatagram;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Impl*>(self)->interest(fd, (readable != 0 ? kReadable : 0) | (writable != 0 ? kWritable : 0));
  };
  options.sock_state_cb_data = this;
  int status = ares_init_options(
      &channel_, &options,
      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB);
  if (status == ARES_SUCCESS && !options_.servers.empty()) status = setServers();
  if (status == ARES_SUCCESS) return success();
  return Error{ErrorKind::unavailable, "net.dns.unavailable", ares_strerror(status)};
}

int Resolver::Impl::setServers() {
  std::vector<ares_addr_port_node> nodes(options_.servers.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& [address, port] = options_.servers[i];
    auto& node = nodes[i];
    node.next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    node.family = address.isV4() ? AF_INET : AF_INET6;
    std::memcpy(&node.addr, address.octets().data(), address.isV4() ? 4 : 16);
    node.udp_port = node.tcp_port = port;
  }
  return ares_set_servers_ports(channel_, nodes.data());
}

void Resolver::Impl::close() {
  waiting_.clear();
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
}

// A watch goes before its descriptor is closed: the library says so first.
void Resolver::Impl::interest(ares_socket_t fd, ReadyEvents wanted) {
  auto& socket = sockets_[fd];
  if (wanted == 0) {
    if (socket) socket->watch.reset();
    loop_.retire(std::move(socket));
    sockets_.erase(fd);
    return;
  }
  if (socket) return socket->watch.change(wanted);
  socket = std::make_unique<Socket>(*this, fd);
  auto watch = loop_.watch(fd, wanted, *socket);
  if (watch) socket->watch = *std::move(watch);  // else the query is out of time
}

void Resolver::Impl::onReady(ares_socket_t fd, ReadyEvents events) {
  const bool failed = (events & (kFailed | kHungUp)) != 0;
  const bool readable = failed || (events & kReadable) != 0;
  const bool writable = failed || (events & kWritable) != 0;
  ares_process_fd(channel_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
  rearm();
}

void Resolver::Impl::rearm() {
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) {
    timeout_ = {};
    return;
  }
  const auto after = std::chrono::seconds{wait.tv_sec} + std::chrono::microseconds{wait.tv_usec};
  timeout_ = loop_.schedule(after, [this] {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm();
  });
}

// --- lookups -----------------------------------------------------------------------------------------------------

std::uint64_t Resolver::Impl::ask(const DnsQuestion& question, Answered answered) {
  const auto id = next_id_++;
  const bool busy = waiting_.size() >= options_.waiting;
  waiting_.emplace(id, std::move(answered));
  if (busy) {
    tell({id}, std::make_shared<Result<DnsAnswer>>(
                   Error{ErrorKind::overloaded, "net.dns.busy", "too many lookups: " + question.toString()}));
    return id;
  }
  if (auto known = cache_.find(question, loop_.now())) {
    tell({id}, std::make_shared<Result<DnsAnswer>>(*std::move(known)));
    return id;
  }
  auto& askers = pending_[question];
  askers.push_back(id);
  if (askers.size() > 1) return id;
  queued_.push_back(question);
  startQueued();
  return id;
}

void Resolver::Impl::startQueued() {
  while (in_flight_ < options_.in_flight && !queued_.empty()) {
    auto query = std::make_unique<Query>(Query{*this, std::move(queued_.front())});
    queued_.pop_front();
    ++in_flight_;
    const auto name = query->question.name;
    const int type = static_cast<int>(query->question.type);
    constexpr int kInternet = 1;
    ares_query(
        channel_, name.c_str(), kInternet, type,
        [](void* raw, int status, int, unsigned char* bytes, int size) {
          const std::unique_ptr<Query> owned{static_cast<Query*>(raw)};
          if (status == ARES_EDESTRUCTION) return;
          const Bytes message{bytes, bytes == nullptr ? 0 : static_cast<std::size_t>(size)};
          owned->impl.onAnswer(owned->question, status, message);
        },
        query.release());
  }
  rearm();
}

void Resolver::Impl::onAnswer(const DnsQuestion& question, int status, Bytes message) {
  --in_flight_;
  auto result = read(status, message, question);
  if (result) {
    result = cache_.put(question, *std::move(result), loop_.now());
  } else if (auto known = cache_.fallBack(question, loop_.now())) {
    result = *std::move(known);
  }
  auto askers = pending_.extract(question);
  tell(std::move(askers.mapped()), std::make_shared<Result<DnsAnswer>>(std::move(result)));
}

void Resolver::Impl::tell(std::vector<std::uint64_t> ids, Answer answer) {
  for (const auto id : ids) ready_.emplace_back(id, answer);
  if (!delivery_.pending()) delivery_ = loop_.schedule({}, [this] { deliver(); });
}

// Never from within the library: whoever is told may ask again, or let the resolver go.
void Resolver::Impl::deliver() {
  const auto self = shared_from_this();
  for (const auto& [id, answer] : std::exchange(ready_, {})) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) continue;
    auto answered = std::move(found->second);
    waiting_.erase(found);
    answered(*answer);
  }
  if (channel_ != nullptr) startQueued();
}

// --- the public face ---------------------------------------------------------------------------------------------

Result<std::unique_ptr<Resolver>> Resolver::create(Loop& loop, const ResolverOptions& options) {
  auto impl = std::make_shared<Impl>(loop, options);
  SP_TRY(impl->open());
  return std::unique_ptr<Resolver>{new Resolver{std::move(impl)}};
}

Resolver::Resolver(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resolver::~Resolver() { impl_->close(); }

Resolver::Lookup Resolver::ask(const DnsQuestion& question, Answered answered) {
  return Lookup{impl_, impl_->ask(question, std::move(answered))};
}

std::size_t Resolver::cached() const { return impl_->cached(); }

Resolver::Lookup::Lookup(Lookup&& other) noexcept
    : resolver_(std::move(other.resolver_)), id_(std::exchange(other.id_, 0)) {}

Resolver::Lookup& Resolver::Lookup::operator=(Lookup&& other) noexcept {
  if (this != &other) {
    cancel();
    resolver_ = std::move(other.resolver_);
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

void Resolver::Lookup::cancel() {
  if (const auto resolver = resolver_.lock()) resolver->cancel(id_);
  resolver_.reset();
}

}  // namespace sallyport::net
