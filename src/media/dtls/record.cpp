// SPDX-License-Identifier: Apache-2.0
#include "media/dtls/record.h"

#include <algorithm>
#include <iterator>

namespace sallyport::media {
namespace {

constexpr std::uint8_t kMajorVersion = 0xFE;        // of DTLS 1.0 and 1.2 alike; a first hello may say either
constexpr std::uint16_t kLongestFragment = 16'640;  // 2^14 and what encryption may add
constexpr std::uint8_t kClientHello = 1;
constexpr std::size_t kFragmentHeaderBytes = 12;
constexpr std::uint32_t kLongestMessage = 32'768;  // a chain of certificates
constexpr std::uint8_t kFatal = 2;
constexpr std::uint8_t kCloseNotify = 0;

// RFC 5246 7.4, RFC 6347 4.3.2, RFC 6066 8, without what is said encrypted.
bool mayBeSaidBy(crypto::DtlsRole sender, std::uint8_t message) {
  constexpr std::uint8_t kOfClient[] = {kClientHello, 11, 15, 16};
  constexpr std::uint8_t kOfServer[] = {2, 3, 4, 11, 12, 13, 14, 22};
  const auto among = [message](const auto& known) {
    return std::find(std::begin(known), std::end(known), message) != std::end(known);
  };
  return sender == crypto::DtlsRole::client ? among(kOfClient) : among(kOfServer);
}

std::uint32_t loadBe24(const std::uint8_t* at) { return std::uint32_t{at[0]} << 16 | loadBe16(at + 1); }

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

bool isHandshakeOf(crypto::DtlsRole sender, const DtlsRecord& record) {
  if (!record.inClear()) return false;
  if (record.content == DtlsContent::changeCipherSpec) return record.fragment.size() == 1 && record.fragment[0] == 1;
  if (record.content != DtlsContent::handshake || record.fragment.empty()) return false;
  ByteReader reader{record.fragment};
  while (reader.remaining() > 0) {
    const auto header = reader.take(kFragmentHeaderBytes);
    if (!header || !mayBeSaidBy(sender, (*header)[0])) return false;
    const auto message = loadBe24(&(*header)[1]), offset = loadBe24(&(*header)[6]), piece = loadBe24(&(*header)[9]);
    const bool within = message <= kLongestMessage && offset + piece <= message && (piece > 0 || message == 0);
    if (!within || !reader.take(piece)) return false;
  }
  return true;
}

std::optional<std::uint8_t> endingAlert(const DtlsRecord& record) {
  if (record.content != DtlsContent::alert || !record.inClear() || record.fragment.size() != 2) return std::nullopt;
  const auto description = record.fragment[1];
  const bool ends = record.fragment[0] == kFatal || description == kCloseNotify;
  return ends ? std::optional{description} : std::nullopt;
}

}  // namespace sallyport::media
