// SPDX-License-Identifier: Apache-2.0
#include "call/via.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

const SentBy kNames{"edge.example:5061", "10.0.0.1:5060", "edge.example:8443"};

TEST(SentBy, NamesTheTransport) {
  EXPECT_EQ(kNames.via(Transport::tls, "z9hG4bK1"), "SIP/2.0/TLS edge.example:5061;branch=z9hG4bK1");
  EXPECT_EQ(kNames.via(Transport::tcp, "z9hG4bK1"), "SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK1");
  EXPECT_EQ(kNames.via(Transport::wss, "z9hG4bK1"), "SIP/2.0/WSS edge.example:8443;branch=z9hG4bK1");
}

TEST(SentBy, TheUriLeadsBackOnTheSameKindOfConnection) {
  EXPECT_EQ(kNames.uri(Transport::tls, "0-tag"), "sip:0-tag@edge.example:5061;transport=tls");
  EXPECT_EQ(kNames.uri(Transport::tcp, "0-tag"), "sip:0-tag@10.0.0.1:5060;transport=tcp");
  EXPECT_EQ(kNames.uri(Transport::tcp), "sip:10.0.0.1:5060;transport=tcp");
  EXPECT_EQ(kNames.uri(Transport::wss, "0-tag"), "sip:0-tag@edge.example:8443;transport=ws");
}

}  // namespace
}  // namespace sallyport::call
