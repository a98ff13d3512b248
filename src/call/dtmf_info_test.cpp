// SPDX-License-Identifier: Apache-2.0
#include "call/dtmf_info.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

std::string read(std::string_view body, std::string_view type = kDtmfRelay) {
  const auto event = readKey(type, body);
  return event ? std::to_string(event->code) + " " + std::to_string(event->duration.count()) : event.error().code;
}

TEST(DtmfInfo, AKeyAndForHowLong) {
  EXPECT_EQ(read("Signal=5\r\nDuration=250\r\n"), "5 250");
  EXPECT_EQ(read("Signal= *\r\nDuration= 100"), "10 100");
  EXPECT_EQ(read("signal=#\nduration=80\n"), "11 80");
  EXPECT_EQ(read("Signal=d"), "15 160");
  EXPECT_EQ(read("Signal=11\r\n"), "11 160");
}
TEST(DtmfInfo, AKeyAlone) {
  EXPECT_EQ(read("7", "application/dtmf"), "7 160");
  EXPECT_EQ(read("*\r\n", "Application/DTMF; charset=x"), "10 160");
}
TEST(DtmfInfo, AnythingElseIsRefused) {
  for (const char* body : {"", "Duration=100", "Signal=", "Signal=55", "Signal=E", "Signal=1\r\nSignal=2", "Signal",
                           "Signal=1\r\nDuration=-1", "Signal=1\r\nDuration=999999"}) {
    EXPECT_EQ(read(body), "call.dtmf.malformed") << body;
  }
  EXPECT_EQ(read("12", "application/dtmf"), "12 160");  // D-less phones count on
  EXPECT_EQ(read("99", "application/dtmf"), "call.dtmf.malformed");
}
TEST(DtmfInfo, OtherTypesHoldNoKeys) {
  EXPECT_EQ(read("Signal=5", "application/media_control+xml"), "call.info.type");
  EXPECT_EQ(read("Signal=5", ""), "call.info.type");
}
TEST(DtmfInfo, IsWrittenAsItIsRead) {
  media::TelephoneEvent event;
  event.code = 11;
  EXPECT_EQ(writeKey(event), "Signal=#\r\nDuration=160\r\n");
}

}  // namespace
}  // namespace sallyport::call
