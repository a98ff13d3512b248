// SPDX-License-Identifier: Apache-2.0
// Our association against OpenSSL's own tool over UDP: both roles, each profile; the tool prints what it exports for
// RFC 5764 4.2, and that is what our keys are cut from.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/endpoint.h"
#include "crypto/encoding.h"
#include "media/dtls/test_pair.h"
#include "openssl_tool.h"

namespace sallyport::testing {
namespace {

using crypto::SrtpSuite;
using media::DtlsAssociation;
using media::DtlsSrtpKeys;
using media::DtlsState;
using media::testing::CertificateFingerprint;
using media::testing::DtlsRole;
using media::testing::FingerprintHash;
using std::chrono::seconds;

constexpr seconds kPatience{20};

class LoopbackSocket {
 public:
  LoopbackSocket() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const auto here = address(0);
    SP_CHECK(bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0);
  }
  ~LoopbackSocket() { close(socket_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  int descriptor() const { return socket_; }
  std::uint16_t port() const {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    SP_CHECK(getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size) == 0);
    return ntohs(here.sin_port);
  }
  void peerIs(std::uint16_t port) { peer_ = address(port); }
  void send(Bytes datagram) {
    sendto(socket_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_);
  }
  std::optional<std::vector<std::uint8_t>> receive() {
    std::vector<std::uint8_t> datagram(2'048);
    socklen_t size = sizeof peer_;
    const auto count =
        recvfrom(socket_, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&peer_), &size);
    if (count < 0) return std::nullopt;
    datagram.resize(static_cast<std::size_t>(count));
    return datagram;
  }

 private:
  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int socket_;
  sockaddr_in peer_{};
};

// Waits for the socket, the tool's output or the association's timer; true while there is patience.
class Meeting {
 public:
  Meeting(DtlsAssociation& association, OpensslTool& tool, LoopbackSocket& socket)
      : association_(association), tool_(tool), socket_(socket), until_(clock_.steady() + kPatience) {}

  template <typename Done>
  bool waitFor(Done done) {
    while (!done()) {
      if (clock_.steady() >= until_) return false;
      turn();
    }
    return true;
  }

 private:
  void turn() {
    for (const auto& datagram : association_.takeOutgoing()) socket_.send(datagram);
    const auto wake = std::min(association_.deadline().value_or(until_), until_);
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(wake - clock_.steady()).count() + 1;
    std::array<pollfd, 2> wanted{{{socket_.descriptor(), POLLIN, 0}, {tool_.output(), POLLIN, 0}}};
    poll(wanted.data(), wanted.size(), static_cast<int>(std::max<long>(pause, 0)));
    tool_.readOutput();
    while (const auto datagram = socket_.receive()) association_.onDatagram(*datagram, clock_.steady());
    association_.onTime(clock_.steady());
    for (const auto& datagram : association_.takeOutgoing()) socket_.send(datagram);
  }

  SystemClock clock_;
  DtlsAssociation& association_;
  OpensslTool& tool_;
  LoopbackSocket& socket_;
  TimePoint until_;
};

struct Case {
  SrtpSuite suite;
  const char* profile;
  const char* peer_key;
};

// The exporter's block as RFC 5764 4.2 lays it out, put together from our keys.
std::string exportedBlock(const DtlsSrtpKeys& keys, DtlsRole ours) {
  const auto& client = (ours == DtlsRole::client ? keys.send() : keys.receive()).key_and_salt;
  const auto& server = (ours == DtlsRole::client ? keys.receive() : keys.send()).key_and_salt;
  const auto key = crypto::factsOf(keys.send().suite).master_key_bytes;
  auto hex = crypto::toHex(client.bytes().first(key)) + crypto::toHex(server.bytes().first(key)) +
             crypto::toHex(client.bytes().subspan(key)) + crypto::toHex(server.bytes().subspan(key));
  std::transform(hex.begin(), hex.end(), hex.begin(), [](unsigned char c) { return std::toupper(c); });
  return hex;
}

std::vector<std::string> toolArguments(const Case& tried, const ToolIdentity& identity,
                                       std::vector<std::string> arguments) {
  const auto facts = crypto::factsOf(tried.suite);
  const auto size = 2 * (facts.master_key_bytes + facts.master_salt_bytes);
  for (const auto& more :
       {std::string{"-dtls1_2"}, std::string{"-use_srtp"}, std::string{tried.profile}, std::string{"-keymatexport"},
        std::string{"EXTRACTOR-dtls_srtp"}, std::string{"-keymatexportlen"}, std::to_string(size)}) {
    arguments.push_back(more);
  }
  for (auto& argument : identity.arguments()) arguments.push_back(std::move(argument));
  return arguments;
}

class OpensslPeer : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!OpensslTool::installed()) GTEST_SKIP() << "the command line tool of OpenSSL is not installed";
  }

  // Both have finished and hold the same keys.
  void expectAgreement(DtlsAssociation& association, OpensslTool& tool, LoopbackSocket& socket, DtlsRole ours) {
    Meeting meeting{association, tool, socket};
    const auto exported = [&] { return tool.lineAfter("Keying material: "); };
    const auto over = [&] { return association.error() || (association.keys() != nullptr && exported()); };
    ASSERT_TRUE(meeting.waitFor(over)) << tool.text();
    ASSERT_FALSE(association.error()) << describe(*association.error()) << tool.text();
    EXPECT_EQ(association.keys()->send().suite, GetParam().suite);
    EXPECT_EQ(exportedBlock(*association.keys(), ours), *exported());
  }
};

TEST_P(OpensslPeer, AsAClientExportsOurKeys) {
  const ToolIdentity identity{GetParam().peer_key};
  auto server = media::testing::End::make(DtlsRole::server);
  ASSERT_TRUE(
      server.association.announce({CertificateFingerprint::of(identity.certificate(), FingerprintHash::sha256)}));
  LoopbackSocket socket;
  OpensslTool tool{
      toolArguments(GetParam(), identity, {"s_client", "-connect", "127.0.0.1:" + std::to_string(socket.port())})};
  expectAgreement(server.association, tool, socket, DtlsRole::server);
}

TEST_P(OpensslPeer, AsAServerExportsOurKeys) {
  const ToolIdentity identity{GetParam().peer_key};
  auto client = media::testing::End::make(DtlsRole::client);
  ASSERT_TRUE(
      client.association.announce({CertificateFingerprint::of(identity.certificate(), FingerprintHash::sha512)}));
  LoopbackSocket socket;
  OpensslTool tool{toolArguments(GetParam(), identity, {"s_server", "-accept", "127.0.0.1:0", "-Verify", "1"})};
  ASSERT_TRUE(Meeting(client.association, tool, socket).waitFor([&] { return tool.lineAfter("ACCEPT "); }))
      << tool.text();
  const auto address = Endpoint::parse(*tool.lineAfter("ACCEPT "));
  ASSERT_TRUE(address);
  socket.peerIs(address->port);
  client.association.start(SystemClock{}.steady());
  expectAgreement(client.association, tool, socket, DtlsRole::client);
}

INSTANTIATE_TEST_SUITE_P(Profiles, OpensslPeer,
                         ::testing::Values(Case{SrtpSuite::aeadAes256Gcm, "SRTP_AEAD_AES_256_GCM", "P-256"},
                                           Case{SrtpSuite::aeadAes128Gcm, "SRTP_AEAD_AES_128_GCM", "P-384"},
                                           Case{SrtpSuite::aesCm128HmacSha1_80, "SRTP_AES128_CM_SHA1_80", "RSA-2048"}),
                         [](const auto& tried) { return std::string{tried.param.profile}; });

}  // namespace
}  // namespace sallyport::testing
