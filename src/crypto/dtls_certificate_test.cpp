// SPDX-License-Identifier: Apache-2.0
#include "crypto/dtls_certificate.h"

#include <gtest/gtest.h>

#include "crypto/encoding.h"

namespace sallyport::crypto {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const WallTime kNoon{seconds{1'800'000'000}};

TEST(DtlsCertificate, IsAnEllipticCurveCertificateThatNamesNobodyAndIsItsOwnIssuer) {
  const auto made = *DtlsCertificate::generate(kNoon);
  const auto facts = *made->certificate().facts();
  EXPECT_EQ(facts.key, "EC P-256");
  EXPECT_EQ(facts.subject, "CN=dtls-srtp");
  EXPECT_EQ(facts.issuer, facts.subject);
  EXPECT_TRUE(facts.sans.empty());
  X509* handle = made->certificate().handle();
  EXPECT_EQ(X509_verify(handle, X509_get0_pubkey(handle)), 1);
}

TEST(DtlsCertificate, IsValidForPeersWhoseClockIsOffByAlmostADay) {
  const auto facts = *(*DtlsCertificate::generate(kNoon))->certificate().facts();
  EXPECT_EQ(facts.not_before, kNoon - hours{24});
  EXPECT_GT(facts.not_after, kNoon + hours{24 * 7});
}

TEST(DtlsCertificate, AnnouncesItsOwnFingerprint) {
  const auto made = *DtlsCertificate::generate(kNoon);
  EXPECT_EQ(made->fingerprint().hash, FingerprintHash::sha256);
  EXPECT_TRUE(isAnnounced(made->certificate(), std::vector{made->fingerprint()}));
}

TEST(DtlsCertificates, HandsOutOneAndTheSameForADay) {
  DtlsCertificates certificates;
  const auto first = *certificates.current(kNoon);
  EXPECT_EQ(*certificates.current(kNoon + hours{23}), first);
}

TEST(DtlsCertificates, MakesANewOneTheDayAfterAndTheOldOneLivesWhileItIsHeld) {
  DtlsCertificates certificates;
  const auto old = *certificates.current(kNoon);
  const std::weak_ptr<const DtlsCertificate> unheld = *certificates.current(kNoon + DtlsCertificates::kLife);
  const auto later = *certificates.current(kNoon + 2 * DtlsCertificates::kLife);
  EXPECT_NE(later->fingerprint(), old->fingerprint());
  EXPECT_NE(later->certificate().facts()->serial, old->certificate().facts()->serial);
  EXPECT_TRUE(unheld.expired());
  EXPECT_TRUE(isAnnounced(old->certificate(), std::vector{old->fingerprint()}));
}

TEST(DtlsCertificates, AClockThatWasSetBackByDaysDoesNotKeepACertificateForDays) {
  DtlsCertificates certificates;
  const auto first = *certificates.current(kNoon);
  EXPECT_NE(*certificates.current(kNoon - hours{48}), first);
}

}  // namespace
}  // namespace sallyport::crypto
