// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace sallyport::net {
namespace {

TEST(Stream, APeerThatAcknowledgesNothingIsGivenUpByTheSystem) {
  const auto socket = listenTcp({IpAddress::v4({127, 0, 0, 1}), 0});
  ASSERT_TRUE(socket);
  prepareStream(*socket);
  unsigned limit = 0;
  socklen_t size = sizeof limit;
  ASSERT_EQ(getsockopt(socket->raw(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, &size), 0);
  EXPECT_EQ(limit, kUnacknowledgedLimit.count());
  int on = 0;
  size = sizeof on;
  ASSERT_EQ(getsockopt(socket->raw(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_NE(on, 0);
}

}  // namespace
}  // namespace sallyport::net
