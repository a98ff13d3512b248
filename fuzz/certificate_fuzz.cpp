// SPDX-License-Identifier: Apache-2.0
// A certificate, a bundle or a revocation list from a stranger: never a crash, never text that could break a
// log line, and nobody is identified but the one whose certificate our CA has signed. The first byte chooses
// the form: d DER, p PEM bundle, c revocation list.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "crypto/certificate.h"
#include "crypto/path_validator.h"
#include "crypto/peer_directory.h"

namespace {

using namespace sallyport;
using namespace sallyport::crypto;

// The key of this CA is thrown away.
constexpr char kCa[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBXjCCAQSgAwIBAgIIKU+P19MYAl0wCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwH\n"
    "RnV6eiBDQTAgFw0yNzAxMTUwNzAwMDBaGA8yMTI2MTIyMjA4MDAwMFowEjEQMA4G\n"
    "A1UEAwwHRnV6eiBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM9y5U+D4qpb\n"
    "PgMq4HYV0cci4T2fxg8Ug8/aLt+hfuU+zBucTgPZ9ry5PTvaNv/r5lA6D3Oi75ve\n"
    "i/Lz3TLK6s+jQjBAMB0GA1UdDgQWBBRVvf2c+Yl1RD8ECCkfwUzH0SP8SDAPBgNV\n"
    "HRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNIADBFAiEA\n"
    "vJUHcs+lUqjf1lNdXq73rKyApjvbzE2U4f2K+HXYWrUCIDNIq77YtLBEC3vr8Nr2\n"
    "bDFVOAEuAE0VRzhkyj46TApS\n"
    "-----END CERTIFICATE-----\n";
const WallTime kNow{std::chrono::seconds{1'800'000'000}};

void require(bool held) {
  if (!held) std::abort();
}

bool isPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

struct World {
  std::shared_ptr<const TrustAnchors> anchors = *TrustAnchors::parse(kCa);
  std::shared_ptr<const PeerDirectory> peers =
      *PeerDirectory::build({PeerEntry{.name = "core",
                                       .identities = {{SanKind::dns, "*.example.net"}, {SanKind::ip, "192.0.2.9"}},
                                       .anchors = anchors,
                                       .wildcards = Wildcards::oneLabel}},
                            DeviceRule{.anchors = anchors, .domain = "example.org"});
};

const World& world() {
  static const World instance;
  return instance;
}

void judge(const Certificate& leaf, std::span<const Certificate> rest) {
  const auto facts = leaf.facts();
  if (facts) {
    require(isPlain(facts->subject) && isPlain(facts->issuer) && isPlain(facts->serial) && isPlain(facts->key));
    require(facts->fingerprint.size() == 95);
    for (const auto& san : facts->sans) require(isPlain(san.toString()));
  }
  const auto peer = world().peers->identify(leaf, rest, PeerRole::client, kNow);
  if (peer) {
    // Both are among the seeds, signed by the CA.
    require(facts && (peer->identity() == "alice@example.org" || facts->subject == "CN=rsa"));
  } else {
    require(isPlain(peer.error().detail) && std::string_view{peer.error().code}.starts_with("tls."));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes{data + 1, size - 1};
  const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  switch (data[0]) {
    case 'd':
      if (const auto certificate = Certificate::parseDer(bytes)) judge(*certificate, {});
      break;
    case 'p':
      if (const auto chain = parseChainPem(text)) judge(chain->front(), std::span{*chain}.subspan(1));
      break;
    case 'c':
      if (const auto anchors = TrustAnchors::parse(kCa, text)) {
        (void)validatePath((*anchors)->certificates().front(), {}, **anchors, {}, kNow);
      }
      break;
    default: break;
  }
  return 0;
}
