// SPDX-License-Identifier: Apache-2.0
#include "media/ice/candidate.h"

#include <gtest/gtest.h>

#include "media/ice/ice_test_support.h"

namespace sallyport::media::ice {
namespace {

TEST(IceCandidate, HasThePriorityOfItsType) {
  // RFC 8839 5.1 and RFC 8445 15 show these.
  EXPECT_EQ(candidatePriority(CandidateType::host, 65'535, kRtp), 2'130'706'431U);
  EXPECT_EQ(candidatePriority(CandidateType::serverReflexive, 65'535, kRtp), 1'694'498'815U);
  EXPECT_EQ(candidatePriority(CandidateType::host, 65'535, kRtcp), 2'130'706'430U);
  EXPECT_EQ(reflexivePriority(2'130'706'431U), candidatePriority(CandidateType::peerReflexive, 65'535, kRtp));
  EXPECT_GT(candidatePriority(CandidateType::serverReflexive, 0, kRtp),
            candidatePriority(CandidateType::relayed, 65'535, kRtp));
}

TEST(IceCandidate, PairsRankByTheLowerOfBothPriorities) {
  EXPECT_EQ(pairPriority(2, 3), (std::uint64_t{2} << 32) + 6);
  EXPECT_EQ(pairPriority(3, 2), (std::uint64_t{2} << 32) + 7);
  EXPECT_GT(pairPriority(5, 5), pairPriority(4, 0x7FFF'FFFF));
}

TEST(IceAddressPolicy, AdmitsSpecialAddressesOnlyWhereTheyAreNamed) {
  AddressPolicy policy;
  EXPECT_TRUE(policy.permits(testing::at("93.184.216.34:5000")));
  EXPECT_TRUE(policy.permits(testing::at("[2606:2800:220:1::1]:5000")));
  EXPECT_FALSE(policy.permits(testing::at("10.1.2.3:5000")));
  EXPECT_FALSE(policy.permits(testing::at("93.184.216.34:0")));
  policy.special_networks = {*IpNetwork::parse("10.0.0.0/8"), *IpNetwork::parse("224.0.0.0/4")};
  EXPECT_TRUE(policy.permits(testing::at("10.1.2.3:5000")));
  EXPECT_FALSE(policy.permits(testing::at("192.168.0.1:5000")));
  EXPECT_FALSE(policy.permits(testing::at("224.0.0.1:5000")));
}

}  // namespace
}  // namespace sallyport::media::ice
