// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests, fuzzers and benchmarks of DTLS: two associations and a network between them that loses, repeats and
// reorders as it is told. Never part of the product.

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "media/dtls/association.h"

namespace sallyport::media::testing {

using crypto::CertificateFingerprint;
using crypto::Datagram;
using crypto::DtlsCertificate;
using crypto::DtlsRole;
using crypto::FingerprintHash;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline std::shared_ptr<const DtlsCertificate> newCertificate() {
  return *DtlsCertificate::generate(WallTime{seconds{1'800'000'000}});
}

inline std::vector<CertificateFingerprint> fingerprintsOf(const DtlsCertificate& certificate) {
  return {certificate.fingerprint()};
}

struct End {
  std::shared_ptr<const DtlsCertificate> certificate;
  DtlsAssociation association;

  static End make(DtlsRole role, std::vector<crypto::SrtpSuite> suites = {crypto::kDtlsSrtpSuites.begin(),
                                                                          crypto::kDtlsSrtpSuites.end()}) {
    auto certificate = newCertificate();
    auto association = DtlsAssociation::create({.certificate = certificate, .role = role, .suites = std::move(suites)});
    SP_CHECK(association.ok());
    return {std::move(certificate), *std::move(association)};
  }
};

// What becomes of a datagram on its way: how many copies arrive. Called with the number of the datagram.
using Fate = std::function<int(DtlsRole from, unsigned number, Datagram& datagram)>;

struct Pair {
  End client = End::make(DtlsRole::client);
  End server = End::make(DtlsRole::server);
  TimePoint now{std::chrono::hours{1}};
  Fate fate = [](DtlsRole, unsigned, Datagram&) { return 1; };
  unsigned sent = 0;

  void announceBoth() {
    SP_CHECK(client.association.announce(fingerprintsOf(*server.certificate)).ok());
    SP_CHECK(server.association.announce(fingerprintsOf(*client.certificate)).ok());
  }

  // Carries what lies ready, one exchange at a time, until both are silent.
  void carry() {
    for (bool moved = true; moved;) {
      moved = carryFrom(DtlsRole::client);
      moved = carryFrom(DtlsRole::server) || moved;
    }
  }

  bool carryFrom(DtlsRole from) {
    auto& sender = from == DtlsRole::client ? client.association : server.association;
    auto& receiver = from == DtlsRole::client ? server.association : client.association;
    const auto datagrams = sender.takeOutgoing();
    for (auto datagram : datagrams) {
      for (int copies = fate(from, sent++, datagram); copies > 0; --copies) receiver.onDatagram(datagram, now);
    }
    return !datagrams.empty();
  }

  // Lets time pass as the deadlines ask, for at most `patience`.
  void run(std::chrono::seconds patience = seconds{60}) {
    const auto until = now + patience;
    client.association.start(now);
    carry();
    while (const auto next = nextDeadline()) {
      if (*next > until) break;
      now = *next;
      client.association.onTime(now);
      server.association.onTime(now);
      carry();
    }
  }

  std::optional<TimePoint> nextDeadline() const {
    const auto a = client.association.deadline();
    const auto b = server.association.deadline();
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
  }

  bool established() const {
    return client.association.state() == DtlsState::established && server.association.state() == DtlsState::established;
  }
  bool keysAgree() const {
    const auto* ours = client.association.keys();
    const auto* theirs = server.association.keys();
    return ours != nullptr && theirs != nullptr && ours->send() == theirs->receive() &&
           ours->receive() == theirs->send() && !(ours->send() == ours->receive());
  }
};

inline std::string codeOf(const DtlsAssociation& association) {
  return association.error() ? association.error()->code : "ok";
}

}  // namespace sallyport::media::testing
