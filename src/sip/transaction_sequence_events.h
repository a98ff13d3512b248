// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a program of events for SequenceDriver is encoded, four bytes to the event, and the messages its
// numbers stand for.
//
//   byte 0      byte 1       byte 2   byte 3
//   0 send      branch       method   bit 0: reliable transport
//   1 receive   branch       method   bit 0: reliable transport; bit 1: another peer's flow
//   2 response  branch       method   low nibble: status; high nibble: To tag; 0x80: another peer's flow
//   3 respond   branch       method   low nibble: status
//   4 timer     (unused)     letter   (unused)
//   5 the flow fails
//   6 abandon   n-th server transaction begun
//   7 wait      100 ms times byte 3
//
// Bits 5-7 of byte 0 choose what the user does from within the callbacks of that event (Reaction).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::sip::test {

inline std::string branchOf(std::uint8_t index) {
  const std::string number = std::to_string(index % 16);
  return index % 16 == 2 ? "legacy" + number : "z9hG4bK" + number;
}
inline std::string_view methodOf(std::uint8_t index) {
  static constexpr std::array<std::string_view, 8> kMethods{"INVITE",  "ACK",      "BYE",     "CANCEL",
                                                            "OPTIONS", "REGISTER", "MESSAGE", "UNHEARD"};
  return kMethods[index % kMethods.size()];
}
inline int statusOf(std::uint8_t index) {
  static constexpr std::array<int, 8> kStatuses{100, 180, 200, 202, 302, 486, 503, 603};
  return kStatuses[index % kStatuses.size()];
}

inline std::string sequenceHeaders(const std::string& branch, std::string_view method, std::string_view to_tag) {
  return "Via: SIP/2.0/UDP host.example;branch=" + branch +
         "\r\nFrom: <sip:a@host.example>;tag=a\r\nTo: <sip:b@host.example>" + std::string{to_tag} +
         "\r\nCall-ID: c\r\nCSeq: 1 " + std::string{method} + "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
}
inline std::string requestText(const std::string& branch, std::string_view method) {
  const bool acknowledges = method == "ACK";  // the To tag of the answer is what the old rules match it by
  return std::string{method} + " sip:b@host.example SIP/2.0\r\n" +
         sequenceHeaders(branch, method, acknowledges ? ";tag=b1" : "");
}
inline std::string responseText(const std::string& branch, std::string_view method, int status, unsigned tag) {
  return "SIP/2.0 " + std::to_string(status) + " Status\r\n" +
         sequenceHeaders(branch, method, ";tag=b" + std::to_string(tag));
}

}  // namespace sallyport::sip::test
