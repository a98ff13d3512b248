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

TEST(SentBy, EachListenerIsNamedToWhoComesByIt) {
  auto names = kNames;
  names.name("inside", "10.0.0.1:5071");
  EXPECT_EQ(names.via(Transport::tls, "z9hG4bK1", "inside"), "SIP/2.0/TLS 10.0.0.1:5071;branch=z9hG4bK1");
  EXPECT_EQ(names.uri(Transport::tls, "0-tag", "inside"), "sip:0-tag@10.0.0.1:5071;transport=tls");
  EXPECT_EQ(names.on(Transport::tls, "public"), "edge.example:5061") << "not named apart";
  EXPECT_EQ(names.on(Transport::tls), "edge.example:5061") << "a connection that we made";
}

TEST(UriBack, LeadsWhereTheViaSays) {
  EXPECT_EQ(uriBack("SIP/2.0/WSS edge.example:8443;branch=z9hG4bK1", "tag"), "sip:tag@edge.example:8443;transport=ws");
  EXPECT_EQ(uriBack("SIP/2.0/TLS edge.example:5061;branch=z9hG4bK1", "tag"), "sip:tag@edge.example:5061;transport=tls");
  EXPECT_EQ(uriBack("SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK1", "tag"), "sip:tag@10.0.0.1:5060;transport=tcp");
}

}  // namespace
}  // namespace sallyport::call
