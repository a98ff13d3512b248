// SPDX-License-Identifier: Apache-2.0
#pragma once
// A name server for tests: on loopback, UDP and TCP on one port, on the loop of the test. It answers with
// what a script makes of each query.

#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/dns.h"
#include "net/test_support.h"

namespace sallyport::net {

inline std::string be16(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }
inline std::string be32(unsigned value) { return be16(value >> 16) + be16(value & 0xFFFF); }

// "a.example" as labels.
inline std::string dnsName(std::string_view text) {
  std::string wire;
  while (!text.empty() && text != ".") {
    const auto label = text.substr(0, text.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    text.remove_prefix(std::min(text.size(), label.size() + 1));
  }
  return wire + '\0';
}

inline std::string dnsRecord(std::string_view owner, unsigned type, unsigned ttl, const std::string& data) {
  return dnsName(owner) + be16(type) + be16(1) + be32(ttl) + be16(static_cast<unsigned>(data.size())) + data;
}
inline std::string addressRecord(std::string_view owner, std::string_view address, unsigned ttl = 300) {
  const auto parsed = IpAddress::parse(address);
  SP_CHECK(parsed.has_value());
  const auto& octets = parsed->octets();
  return dnsRecord(owner, parsed->isV4() ? 1 : 28, ttl, {octets.begin(), octets.begin() + (parsed->isV4() ? 4 : 16)});
}
inline std::string aliasRecord(std::string_view owner, std::string_view target, unsigned ttl = 300) {
  return dnsRecord(owner, 5, ttl, dnsName(target));
}
inline std::string serviceRecord(std::string_view owner, const SrvRecord& srv, unsigned ttl = 300) {
  return dnsRecord(owner, 33, ttl, be16(srv.priority) + be16(srv.weight) + be16(srv.port) + dnsName(srv.target));
}
inline std::string pointerRecord(std::string_view owner, const NaptrRecord& naptr, unsigned ttl = 300) {
  const auto text = [](const std::string& value) { return static_cast<char>(value.size()) + value; };
  return dnsRecord(owner, 35, ttl,
                   be16(naptr.order) + be16(naptr.preference) + text(naptr.flags) + text(naptr.service) +
                       text(naptr.regexp) + dnsName(naptr.replacement));
}

struct DnsQuery {
  std::string message;
  DnsQuestion question;
  enum class Over : std::uint8_t { udp, tcp } over = Over::udp;

  static DnsQuery read(std::string message, Over over) {
    DnsQuery query;
    query.message = std::move(message);
    query.over = over;
    std::size_t at = 12;
    for (std::size_t length = 0; (length = static_cast<unsigned char>(query.message.at(at))) != 0; at += length + 1)
      query.question.name += (query.question.name.empty() ? "" : ".") + query.message.substr(at + 1, length);
    query.question.type = static_cast<DnsType>(static_cast<unsigned char>(query.message.at(at + 2)));
    query.end_ = at + 5;
    return query;
  }
  // A response with these records in its answer section. `flags`: 0x8180 and what is to be added.
  std::string response(const std::vector<std::string>& records, unsigned flags = 0x8180) const {
    auto out = message.substr(0, 2) + be16(flags) + be16(1) + be16(static_cast<unsigned>(records.size())) + be32(0);
    out += message.substr(12, end_ - 12);
    for (const auto& record : records) out += record;
    return out;
  }
  std::string refusal(unsigned rcode) const { return response({}, 0x8180 | rcode); }
  std::string truncated() const { return response({}, 0x8380); }

 private:
  std::size_t end_ = 0;  // of the question
};

class TestDnsServer {
 public:
  // What to send back; nothing: silence.
  using Script = std::function<std::vector<std::string>(const DnsQuery&)>;

  TestDnsServer(Loop& loop, Script script) : loop_(loop), script_(std::move(script)), udp_(*this), accept_(*this) {
    for (int attempt = 0; attempt < 50 && !udp_.fd; ++attempt) {
      auto tcp = listenTcp({kLoopbackV4, 0});
      SP_CHECK(tcp.ok());
      endpoint_ = *localEndpoint(*tcp);
      auto udp = bindUdp(endpoint_);
      if (!udp) continue;  // somebody has that port: another
      udp_.watch(*std::move(udp), [this] { onDatagram(); });
      accept_.watch(*std::move(tcp), [this] { onConnection(); });
    }
  }
  TestDnsServer(const TestDnsServer&) = delete;
  TestDnsServer& operator=(const TestDnsServer&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  std::vector<std::string> asked;  // "A a.example", "TCP SRV ..."

 private:
  struct Port final : Pollable {
    explicit Port(TestDnsServer& owner) : server(owner) {}
    void watch(Fd socket, std::function<void()> act) {
      fd = std::move(socket);
      ready = std::move(act);
      auto made = server.loop_.watch(fd.raw(), kReadable, *this);
      SP_CHECK(made.ok());
      watching = *std::move(made);
    }
    void onReady(ReadyEvents) override { ready(); }
    TestDnsServer& server;
    Fd fd;
    std::function<void()> ready;
    std::string received;
    Watch watching;
  };

  std::vector<std::string> answersTo(std::string message, DnsQuery::Over over) {
    const auto query = DnsQuery::read(std::move(message), over);
    asked.push_back((over == DnsQuery::Over::tcp ? "TCP " : "") + query.question.toString());
    return script_(query);
  }
  void onDatagram() {
    char bytes[4'096];
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const auto count = ::recvfrom(udp_.fd.raw(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 12) return;
    for (const auto& answer : answersTo({bytes, static_cast<std::size_t>(count)}, DnsQuery::Over::udp))
      ::sendto(udp_.fd.raw(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
  void onConnection() {
    connections_.push_back(std::make_unique<Port>(*this));
    auto* port = connections_.back().get();
    port->watch(Fd{::accept4(accept_.fd.raw(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)},
                [this, port] { onStream(*port); });
  }
  void onStream(Port& port) {
    char bytes[4'096];
    const auto count = ::recv(port.fd.raw(), bytes, sizeof bytes, 0);
    if (count <= 0) return port.watching.reset();
    port.received.append(bytes, static_cast<std::size_t>(count));
    while (port.received.size() >= 2) {
      const std::size_t size = loadBe16(reinterpret_cast<const std::uint8_t*>(port.received.data()));
      if (port.received.size() < size + 2) return;
      for (const auto& answer : answersTo(port.received.substr(2, size), DnsQuery::Over::tcp)) {
        const auto framed = be16(static_cast<unsigned>(answer.size())) + answer;
        ::send(port.fd.raw(), framed.data(), framed.size(), MSG_NOSIGNAL);
      }
      port.received.erase(0, size + 2);
    }
  }

  Loop& loop_;
  Script script_;
  Endpoint endpoint_;
  Port udp_, accept_;
  std::vector<std::unique_ptr<Port>> connections_;
};

}  // namespace sallyport::net
