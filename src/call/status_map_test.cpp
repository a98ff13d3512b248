// SPDX-License-Identifier: Apache-2.0
#include "call/status_map.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

TEST(StatusTowardsPeer, PassesWhatTheCallerShouldKnow) {
  for (const int status : {404, 408, 480, 486, 488, 603, 607}) EXPECT_EQ(statusTowardsPeer(status), status);
}

TEST(StatusTowardsPeer, NeverPassesARedirectOrAChallenge) {
  for (int status = 300; status < 400; ++status) EXPECT_EQ(statusTowardsPeer(status), 480);
  EXPECT_EQ(statusTowardsPeer(401), 502);
  EXPECT_EQ(statusTowardsPeer(407), 502);
}

TEST(StatusTowardsPeer, Keeps503OnItsHop) { EXPECT_EQ(statusTowardsPeer(503), 500); }

TEST(StatusTowardsPeer, IsTotal) {
  for (int status = 300; status < 700; ++status) {
    const int mapped = statusTowardsPeer(status);
    EXPECT_GE(mapped, 400) << status;
    EXPECT_LT(mapped, 700) << status;
  }
}

TEST(StatusTowardsPeer, SaysMediaPolicyRefusalsAs488) {
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerDenied, "sdp.plain_rtp", ""}), 488);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerMisbehaved, "media.srtp.key_shared", ""}), 488);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::internal, "media.srtp.cipher", ""}), 500);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerDenied, "call.route.none", ""}), 404);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerDenied, "call.loop", ""}), 482);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerMisbehaved, "call.max_forwards", ""}), 483);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::overloaded, "net.ports.exhausted", ""}), 503);
}

TEST(StatusTowardsPeer, DoesNotForbidTheCallerWhatTheFarSideFailedToProve) {
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerDenied, "tls.peer.unknown", ""}), 502);
  EXPECT_EQ(statusTowardsPeer(Error{ErrorKind::peerDenied, "tls.certificate.expired", ""}), 502);
}

}  // namespace
}  // namespace sallyport::call
