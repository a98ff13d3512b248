// SPDX-License-Identifier: Apache-2.0
// Datagrams that somebody else sends: alerts in clear, floods, replays, nonsense. None of it gains anything, and
// where the handshake goes on it comes to its end.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "media/dtls/record.h"
#include "media/dtls/test_pair.h"

namespace sallyport::media {
namespace {

using testing::codeOf;
using testing::Datagram;
using testing::DtlsRole;
using testing::End;
using testing::Pair;
using testing::seconds;

const TimePoint kNow{std::chrono::hours{1}};

Datagram recordOf(std::uint8_t content, const std::vector<std::uint8_t>& fragment, std::uint16_t epoch = 0,
                  std::uint32_t sequence = 0) {
  Datagram record(kDtlsRecordHeaderBytes + fragment.size());
  record[0] = content;
  record[1] = 0xFE;
  record[2] = 0xFD;
  storeBe16(&record[3], epoch);
  storeBe32(&record[7], sequence);
  storeBe16(&record[11], static_cast<std::uint16_t>(fragment.size()));
  std::copy(fragment.begin(), fragment.end(), record.begin() + kDtlsRecordHeaderBytes);
  return record;
}

const Datagram kFatalAlert = recordOf(21, {2, 40});
const Datagram kCloseNotify = recordOf(21, {1, 0});

// One byte of a handshake message of 60,000 bytes.
Datagram fragmentOf(std::uint8_t type, std::uint16_t message, std::uint16_t offset) {
  return recordOf(22,
                  {type, 0, 0xEA, 0x60, static_cast<std::uint8_t>(message >> 8), static_cast<std::uint8_t>(message), 0,
                   static_cast<std::uint8_t>(offset >> 8), static_cast<std::uint8_t>(offset), 0, 0, 1, 0xAA},
                  0, offset);
}

std::size_t bytesOf(const std::vector<Datagram>& datagrams) {
  std::size_t bytes = 0;
  for (const auto& datagram : datagrams) bytes += datagram.size();
  return bytes;
}

TEST(DtlsAlert, InClearIsNotBelievedWhenTheHandshakeGoesOn) {
  for (const auto& alert : {kFatalAlert, kCloseNotify}) {
    Pair pair;
    pair.announceBoth();
    pair.client.association.start(pair.now);
    pair.client.association.onDatagram(alert, pair.now);
    pair.carryFrom(DtlsRole::client);
    pair.server.association.onDatagram(alert, pair.now);
    pair.run();
    EXPECT_TRUE(pair.keysAgree());
  }
}

TEST(DtlsAlert, InClearIsBelievedWhenNothingElseComes) {
  auto client = End::make(DtlsRole::client);
  client.association.start(kNow);
  client.association.onDatagram(kFatalAlert, kNow);
  TimePoint now = kNow;
  while (const auto next = client.association.deadline()) client.association.onTime(now = *next);
  EXPECT_EQ(codeOf(client.association), "dtls.alert");
  EXPECT_EQ(client.association.error()->detail, "alert 40");
  EXPECT_EQ(now, kNow + DtlsAssociation::kAlertGrace);
}

TEST(DtlsAlert, InClearThatComesAgainIsBelievedNoLater) {
  auto client = End::make(DtlsRole::client);
  client.association.start(kNow);
  client.association.onDatagram(kFatalAlert, kNow);
  client.association.onDatagram(kFatalAlert, kNow + seconds{1});
  client.association.onTime(kNow + DtlsAssociation::kAlertGrace);
  EXPECT_EQ(codeOf(client.association), "dtls.alert");
}

TEST(DtlsAlert, InClearIsForgottenOnceThePeerGoesOn) {
  Pair pair;
  pair.announceBoth();
  const auto start = pair.now;
  pair.client.association.start(pair.now);
  pair.client.association.onDatagram(kFatalAlert, pair.now);
  pair.carryFrom(DtlsRole::client);
  pair.carryFrom(DtlsRole::server);  // and then silence
  while (const auto next = pair.client.association.deadline()) pair.client.association.onTime(pair.now = *next);
  EXPECT_EQ(codeOf(pair.client.association), "dtls.timeout");
  EXPECT_EQ(pair.now, start + DtlsAssociation::kHandshakeLimit);
}

TEST(DtlsAlert, IsOneOfTwoBytesInClearThatEndsAConnection) {
  const auto heard = [](const Datagram& datagram) {
    ByteReader reader{datagram};
    return endingAlert(*nextDtlsRecord(reader));
  };
  EXPECT_EQ(heard(recordOf(21, {2, 40})), 40);
  EXPECT_EQ(heard(recordOf(21, {1, 0})), 0);
  EXPECT_FALSE(heard(recordOf(21, {1, 90}))) << "a warning";
  EXPECT_FALSE(heard(recordOf(21, {2})));
  EXPECT_FALSE(heard(recordOf(21, {2, 40, 0})));
  EXPECT_FALSE(heard(recordOf(21, {2, 40}, 1))) << "of an epoch that is encrypted";
  EXPECT_FALSE(heard(recordOf(22, {2, 40})));
}

TEST(DtlsAlert, InClearMeansNothingAfterTheHandshakeOrBeforeIt) {
  Pair pair;
  pair.announceBoth();
  pair.server.association.onDatagram(kFatalAlert, pair.now);
  EXPECT_EQ(pair.server.association.state(), DtlsState::idle);
  pair.run();
  for (auto* end : {&pair.client, &pair.server}) {
    end->association.onDatagram(kFatalAlert, pair.now);
    end->association.onDatagram(kCloseNotify, pair.now);
    EXPECT_EQ(end->association.state(), DtlsState::established);
    EXPECT_FALSE(end->association.deadline());
    EXPECT_TRUE(end->association.takeOutgoing().empty());
  }
}

TEST(DtlsFlood, OfFragmentsIsBoundedAndTheHandshakeGoesOnAfterIt) {
  Pair pair;
  pair.announceBoth();
  for (unsigned i = 0; i < 10'000; ++i) {
    pair.server.association.onDatagram(fragmentOf(1, static_cast<std::uint16_t>(i % 12), static_cast<std::uint16_t>(i)),
                                       pair.now);
  }
  EXPECT_EQ(codeOf(pair.server.association), "ok");
  EXPECT_EQ(pair.server.association.counters().datagrams, 10'000u);
  EXPECT_GE(pair.server.association.counters().over_budget, 10'000u - DtlsAssociation::kDatagramsPerSecond);
  EXPECT_TRUE(pair.server.association.takeOutgoing().empty());
  pair.now += seconds{1};
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsFlood, IsBoundedInBytesToo) {
  auto client = End::make(DtlsRole::client);
  client.association.start(kNow);
  const auto large = recordOf(23, std::vector<std::uint8_t>(16'000), 1);
  for (int i = 0; i < 10; ++i) client.association.onDatagram(large, kNow);
  EXPECT_EQ(client.association.counters().over_budget, 6u);
  client.association.onDatagram(large, kNow + seconds{1});
  EXPECT_EQ(client.association.counters().over_budget, 6u);
}

TEST(DtlsFlood, WhileItLastsTheHandshakeWaitsAndThenItCompletes) {
  Pair pair;
  pair.announceBoth();
  pair.client.association.start(pair.now);
  pair.carryFrom(DtlsRole::client);
  for (unsigned i = 0; i < 1'000; ++i) {
    pair.client.association.onDatagram(recordOf(23, std::vector<std::uint8_t>(900), 1, i), pair.now);
  }
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
  EXPECT_GT(pair.client.association.counters().over_budget, 900u);
}

// Message types, lengths and pieces that no peer in its role has: anybody's, and nothing that ends a handshake.
TEST(DtlsNonsense, AmidTheHandshakeIsShownToNobody) {
  const std::vector<std::vector<std::uint8_t>> pieces{
      {1, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 2, 0xAA, 0xAA},          // a hello, to a client
      {20, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 2, 0xAA, 0xAA},         // Finished in clear
      {2, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 2, 0xAA, 0xAA},  // without end
      {11, 0, 0, 40, 0, 1, 0, 0, 39, 0, 0, 2, 0xAA, 0xAA},        // beyond the end of its message
      {11, 0, 0, 40, 0, 1, 0, 0, 0, 0, 0, 40, 0xAA, 0xAA},        // beyond the end of its record
      {2, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 0},                      // empty
      {2, 0, 0},                                                  // no header
      {},
  };
  Pair pair;
  pair.announceBoth();
  pair.client.association.start(pair.now);
  pair.carryFrom(DtlsRole::client);
  for (auto* end : {&pair.client, &pair.server}) {
    const auto before = end->association.counters().malformed;
    for (const auto& piece : pieces) {
      if (end == &pair.server && !piece.empty() && piece[0] == 1) continue;  // from a client it may be
      end->association.onDatagram(recordOf(22, piece), pair.now);
    }
    end->association.onDatagram(recordOf(20, {2}), pair.now);
    EXPECT_GE(end->association.counters().malformed - before, pieces.size());
  }
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsReplay, OfWholeFlightsAtAnyTimeChangesNothing) {
  Pair pair;
  pair.announceBoth();
  std::vector<std::pair<DtlsRole, Datagram>> seen;
  pair.fate = [&seen](DtlsRole from, unsigned, Datagram& datagram) {
    seen.emplace_back(from, datagram);
    return 1;
  };
  pair.run();
  ASSERT_TRUE(pair.keysAgree());
  const auto key = pair.server.association.keys()->send().clone();
  for (int round = 0; round < 100; ++round) {
    pair.now += seconds{1};
    for (const auto& [from, datagram] : seen) {
      (from == DtlsRole::client ? pair.server : pair.client).association.onDatagram(datagram, pair.now);
    }
  }
  EXPECT_TRUE(pair.keysAgree());
  EXPECT_TRUE(pair.server.association.keys()->send() == key);
  EXPECT_TRUE(pair.client.association.takeOutgoing().empty());
  EXPECT_LE(pair.server.association.counters().repetitions, 8u);
}

// What no timer repeats is repeated for who asks, so often and never with more than they have sent.
TEST(DtlsReplay, OfTheLastFlightIsAnsweredSoOftenAndNeverWithMore) {
  Pair pair;
  pair.announceBoth();
  Datagram last;
  pair.fate = [&last](DtlsRole from, unsigned, Datagram& datagram) {
    if (from == DtlsRole::client) last = datagram;
    return 1;
  };
  pair.run();
  ASSERT_TRUE(pair.keysAgree());
  auto& server = pair.server.association;
  server.onDatagram(recordOf(22, {16, 0, 0, 40, 0, 2, 0, 0, 0, 0, 0, 1, 0xAA}), pair.now);
  EXPECT_TRUE(server.takeOutgoing().empty()) << "more than was asked with";
  server.onDatagram(last, pair.now);
  server.onDatagram(last, pair.now);
  unsigned answered = static_cast<unsigned>(server.takeOutgoing().size());
  EXPECT_EQ(answered, 1u) << "what lies ready says it";
  for (int round = 0; round < 20; ++round) {
    server.onDatagram(last, pair.now += seconds{1});
    const auto answer = server.takeOutgoing();
    EXPECT_LE(bytesOf(answer), last.size());
    answered += answer.empty() ? 0 : 1;
  }
  EXPECT_EQ(answered, 8u);
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsReplay, OfAnotherAssociationsFlightsGivesNoKeysAndNoEnd) {
  Pair old;
  old.announceBoth();
  std::vector<Datagram> from_client;
  old.fate = [&from_client](DtlsRole from, unsigned, Datagram& datagram) {
    if (from == DtlsRole::client) from_client.push_back(datagram);
    return 1;
  };
  old.run();
  Pair fresh;
  fresh.announceBoth();
  for (std::size_t i = 1; i < from_client.size(); ++i) {  // late ones, without the hello
    fresh.server.association.onDatagram(from_client[i], fresh.now);
  }
  fresh.run();
  EXPECT_TRUE(fresh.keysAgree());
}

TEST(DtlsNonsense, BeforeTheHelloIsForgotten) {
  Pair pair;
  pair.announceBoth();
  std::mt19937 random{7};
  for (int i = 0; i < 60; ++i) {
    std::vector<std::uint8_t> junk(random() % 300);
    for (auto& byte : junk) byte = static_cast<std::uint8_t>(random());
    pair.server.association.onDatagram(junk, pair.now);
    pair.server.association.onDatagram(recordOf(static_cast<std::uint8_t>(20 + random() % 4), junk), pair.now);
    pair.now += seconds{1};
  }
  EXPECT_EQ(pair.server.association.state(), DtlsState::idle);
  EXPECT_TRUE(pair.server.association.takeOutgoing().empty());
  EXPECT_GT(pair.server.association.counters().malformed, 60u);
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsNonsense, InAHelloThatIsWellFramedEndsNoServer) {
  Pair pair;
  pair.announceBoth();
  std::vector<std::uint8_t> hello{1, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40};
  hello.resize(hello.size() + 40, 0xAA);
  pair.server.association.onDatagram(recordOf(22, hello), pair.now);
  EXPECT_EQ(pair.server.association.state(), DtlsState::idle);
  EXPECT_TRUE(pair.server.association.takeOutgoing().empty());
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsNonsense, IsNotEvenCountedBeforeTheStartAndAfterTheEnd) {
  Pair pair;
  pair.announceBoth();
  const auto hello = recordOf(22, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  pair.client.association.onDatagram(hello, pair.now);
  EXPECT_EQ(pair.client.association.counters().datagrams, 0u);
  EXPECT_TRUE(pair.client.association.takeOutgoing().empty());
  pair.run();
  pair.server.association.close();
  (void)pair.server.association.takeOutgoing();
  const auto before = pair.server.association.counters().datagrams;
  pair.server.association.onDatagram(hello, pair.now);
  EXPECT_EQ(pair.server.association.counters().datagrams, before);
}

TEST(DtlsNonsense, AfterTheHandshakeChangesNothing) {
  Pair pair;
  pair.announceBoth();
  pair.run();
  std::mt19937 random{11};
  for (int i = 0; i < 1'000; ++i) {
    std::vector<std::uint8_t> junk(random() % 200);
    for (auto& byte : junk) byte = static_cast<std::uint8_t>(random());
    const auto content = static_cast<std::uint8_t>(20 + random() % 4);
    const auto datagram =
        recordOf(content, junk, static_cast<std::uint16_t>(random() % 3), static_cast<std::uint32_t>(random()));
    pair.client.association.onDatagram(datagram, pair.now);
    pair.server.association.onDatagram(datagram, pair.now);
    pair.now += std::chrono::milliseconds{20};
  }
  EXPECT_TRUE(pair.keysAgree());
  EXPECT_TRUE(pair.client.association.takeOutgoing().empty());
}

TEST(DtlsAmplification, AServerThatHearsOneHelloRepeatsItselfOnlyWhileItOwesBytes) {
  Pair pair;
  pair.client.association.start(pair.now);
  const auto hello = pair.client.association.takeOutgoing();
  pair.server.association.onDatagram(hello.front(), pair.now);
  const auto first_flight = bytesOf(pair.server.association.takeOutgoing());
  auto sent = first_flight;
  while (const auto next = pair.server.association.deadline()) {
    pair.server.association.onTime(*next);
    sent += bytesOf(pair.server.association.takeOutgoing());
  }
  EXPECT_EQ(codeOf(pair.server.association), "dtls.timeout");
  EXPECT_LE(sent, std::max(first_flight, DtlsAssociation::kAmplification * hello.front().size()));
}

TEST(DtlsAmplification, AClientThatAsksAgainIsAnsweredAgain) {
  Pair pair;
  pair.announceBoth();
  unsigned answers = 0;
  pair.fate = [&answers](DtlsRole from, unsigned, Datagram&) {
    return from == DtlsRole::server && ++answers <= 3 ? 0 : 1;  // its first flights are lost
  };
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsRecord, IsReadOnlyWhereItIsWhole) {
  const auto record = recordOf(22, {1, 2, 3}, 7);
  ByteReader reader{record};
  const auto read = nextDtlsRecord(reader);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->epoch, 7);
  EXPECT_EQ(read->fragment.size(), 3u);
  EXPECT_EQ(read->whole.size(), record.size());
  EXPECT_FALSE(nextDtlsRecord(reader));
  for (std::size_t size = 0; size < record.size(); ++size) {
    ByteReader cut{Bytes{record}.first(size)};
    EXPECT_FALSE(nextDtlsRecord(cut)) << size;
  }
}

TEST(DtlsRecord, OfAnotherTypeOrVersionIsNone) {
  const auto changed = [](std::size_t at, std::uint8_t value) {
    auto record = recordOf(22, {1, 2, 3});
    record[at] = value;
    ByteReader reader{record};
    return nextDtlsRecord(reader).has_value();
  };
  EXPECT_FALSE(changed(0, 19));
  EXPECT_FALSE(changed(0, 24));
  EXPECT_FALSE(changed(1, 3));
  EXPECT_FALSE(changed(11, 0x50));
  EXPECT_TRUE(changed(2, 0xFF));
  const auto longest = recordOf(22, std::vector<std::uint8_t>(16'640)), longer = recordOf(22, Datagram(16'641));
  ByteReader whole{longest}, beyond{longer};
  EXPECT_TRUE(nextDtlsRecord(whole));
  EXPECT_FALSE(nextDtlsRecord(beyond));
}

TEST(DtlsRecord, TheFirstByteTellsDtlsFromItsNeighbours) {
  EXPECT_FALSE(isDtls(0));  // STUN
  EXPECT_TRUE(isDtls(20));
  EXPECT_TRUE(isDtls(63));
  EXPECT_FALSE(isDtls(64));   // TURN
  EXPECT_FALSE(isDtls(128));  // SRTP
}

}  // namespace
}  // namespace sallyport::media
