// SPDX-License-Identifier: Apache-2.0
#include "media/dtls/record.h"

namespace sallyport::media {
namespace {

constexpr std::uint8_t kMajorVersion = 0xFE;        // of DTLS 1.0 and 1.2 alike; a first hello may say either
constexpr std::uint16_t kLongestFragment = 16'640;  // 2^14 and what encryption may add
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kFatal = 2;
constexpr std::uint8_t kCloseNotify = 0;

}  // namespace

std::optional<DtlsRecord> nextDtlsRecord(ByteReader& datagram) {
  const auto header = datagram.take(kDtlsRecordHeaderBytes);
  if (!header) return std::nullopt;
  const auto content = (*header)[0];
  const auto length = loadBe16(&(*header)[11]);
  const bool known = content >= 20 && content <= 23 && (*header)[1] == kMajorVersion;
  if (!known || length > kLongestFragment) return std::nullopt;
  const auto fragment = datagram.take(length);
  if (!fragment) return std::nullopt;
  // The fragment follows its header in the same datagram.
  return DtlsRecord{static_cast<DtlsContent>(content), loadBe16(&(*header)[3]),
                    Bytes{header->data(), kDtlsRecordHeaderBytes + length}, *fragment};
}

bool isClientHello(const DtlsRecord& record) {
  return record.content == DtlsContent::handshake && record.inClear() && !record.fragment.empty() &&
         record.fragment[0] == kClientHello;
}

std::optional<std::uint8_t> endingAlert(const DtlsRecord& record) {
  if (record.content != DtlsContent::alert || !record.inClear() || record.fragment.size() != 2) return std::nullopt;
  const auto description = record.fragment[1];
  const bool ends = record.fragment[0] == kFatal || description == kCloseNotify;
  return ends ? std::optional{description} : std::nullopt;
}

}  // namespace sallyport::media
