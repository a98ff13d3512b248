// SPDX-License-Identifier: Apache-2.0
#include "call/via.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

const SentBy kNames{"edge.example:5061", "10.0.0.1:5060"};

TEST(SentBy, NamesTheTransportOfTheHop) {
  EXPECT_EQ(kNames.via(HopSecurity::tls, "z9hG4bK1"), "SIP/2.0/TLS edge.example:5061;branch=z9hG4bK1");
  EXPECT_EQ(kNames.via(HopSecurity::plain, "z9hG4bK1"), "SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK1");
}

TEST(SentBy, TheUriLeadsBackOnTheSameKindOfHop) {
  EXPECT_EQ(kNames.uri(HopSecurity::tls, "0-tag"), "sip:0-tag@edge.example:5061;transport=tls");
  EXPECT_EQ(kNames.uri(HopSecurity::plain, "0-tag"), "sip:0-tag@10.0.0.1:5060;transport=tcp");
  EXPECT_EQ(kNames.uri(HopSecurity::plain), "sip:10.0.0.1:5060;transport=tcp");
}

}  // namespace
}  // namespace sallyport::call
