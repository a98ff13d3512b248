// SPDX-License-Identifier: Apache-2.0
#include "telemetry/call_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/text.h"

namespace sallyport::telemetry {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const WallTime kStart = WallTime{1'800'000'000s + 123ms};

CallRecord answeredCall() {
  CallRecord record;
  record.call_id = "c-0001";
  record.worker = 3;
  record.started = kStart;
  record.answered = kStart + 2s;
  record.ended = kStart + 65s;
  record.from = "sip:alice@example.org";
  record.to = "sip:bob@example.org";
  record.route = "1: * -> core";
  record.asserted_identity = "sip:alice@example.org";
  record.guard = {{"peer_known", "admit", ""}, {"source_call_rate", "would refuse", "21 calls in 1 s"}};
  record.downgrades = {"callee: AES_CM_128_HMAC_SHA1_80 instead of AEAD"};
  record.end = {"call.ended.caller_hung_up", "BYE", "caller", 200};
  record.zrtp_refusals = {{"media.zrtp.before_agreement", 3}};
  for (std::size_t i = 0; i < 2; ++i) {
    auto& leg = record.legs[i];
    leg.peer = i == 0 ? "device" : "core";
    leg.identity = "uri:sip:alice@example.org";
    leg.sans = {"uri:sip:alice@example.org", "dns:alice.example.org"};
    leg.fingerprint = "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89";
    leg.issuer = "CN=Private CA";
    leg.serial = "01A4";
    leg.tls_version = "TLSv1.3";
    leg.tls_suite = "TLS_AES_256_GCM_SHA384";
    leg.local_endpoint = "192.0.2.10:5061";
    leg.remote_endpoint = "198.51.100.7:40112";
    leg.sip_call_id = "abc@x";
    leg.srtp_suite = "AEAD_AES_256_GCM";
    leg.keying = "SDES";
    leg.transport = i == 0 ? "wss" : "tls";
    leg.dtls_fingerprint = i == 0 ? "sha-256 4A:AD" : "";
    leg.dtls_verified = i == 0;
    leg.found_by = i == 0 ? "ICE" : "SDP";
    leg.path = i == 0 ? "198.51.100.7:50000" : "";
    leg.codec = "PCMU";
    leg.pinholes = {{"192.0.2.10", 20'000, kStart, kStart + 65s}, {"2001:db8::1", 20'001, kStart, std::nullopt}};
    leg.media.packets_in = 3'150;
    leg.media.bytes_in = UINT64_MAX;
    leg.media.drops = {{"auth_failed", 4}};
    leg.media.loss_percent = 0.25;
    leg.media.jitter_ms = 1.5;
    leg.media.mos = 4.41;
    leg.media.transcoded_to = i == 0 ? "opus" : "";
    leg.media.repacketised = i == 0 ? "" : "20 -> 30 ms";
    leg.media.transcoded = 3'100;
    leg.media.concealed = 7;
    leg.media.latched_source = "198.51.100.7:50000";
  }
  return record;
}

TEST(CallRecord, ComesBackFromJsonAsItWas) {
  const auto record = answeredCall();
  const auto back = fromJson(toJson(record));
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(*back, record);
}

TEST(CallRecord, OneThatWasNeverAnsweredComesBackToo) {
  CallRecord record;
  record.call_id = "c-2";
  record.started = kStart;
  record.end = {"guard.domain.foreign", "", "edge", 403};
  const auto back = fromJson(toJson(record));
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(*back, record);
}

TEST(CallRecord, ItsJsonIsOneLineWhateverAPeerSaid) {
  auto record = answeredCall();
  record.from = "sip:x\r\n{\"call_id\":\"forged\"}\x1b[31m\xff\xe2\x80\xae@evil";
  const auto json = toJson(record);
  EXPECT_EQ(json.find_first_of("\r\n\x1b"), std::string::npos);
  const auto back = fromJson(json);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->call_id, "c-0001");
  EXPECT_EQ(back->from, "sip:x\r\n{\"call_id\":\"forged\"}\x1b[31m\xef\xbf\xbd\xe2\x80\xae@evil");
}

TEST(CallRecord, WhatIsNotJsonIsRefused) {
  for (const auto* text : {"", "{", "[]", "{\"call_id\":1} x", "nul"}) {
    const auto record = fromJson(text);
    ASSERT_FALSE(record) << text;
    EXPECT_STREQ(record.error().code, "call_record.json") << text;
  }
}

TEST(CallRecord, NestingWithoutEndIsRefused) {
  const auto record = fromJson("{\"legs\":" + std::string(100'000, '['));
  ASSERT_FALSE(record);
  EXPECT_STREQ(record.error().code, "call_record.json");
}

TEST(CallRecord, AMissingOrMistypedMemberIsNamed) {
  const auto with = [](std::string_view from, std::string_view to) {
    auto json = toJson(answeredCall());
    const auto at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return json.replace(at, from.size(), to);
  };
  struct Row {
    std::string json, field;
  };
  const Row rows[] = {
      {with("\"call_id\":\"c-0001\"", "\"call_id\":7"), "call_id"},
      {with("\"worker\":3", "\"worker\":-3"), "worker"},
      {with("\"worker\":3", "\"worker\":99999999999"), "worker"},
      {with("\"worker\":3,", ""), "worker"},
      {with("\"started\":\"2027", "\"started\":\"soon"), "started"},
      {with("\"port\":20000", "\"port\":70000"), "port"},
      {with("\"sans\":[\"", "\"sans\":[1,\""), "sans"},
      {with("\"legs\":[{", "\"legs\":[5,{"), "legs"},
      {with("\"unprotected\":false", "\"unprotected\":0"), "unprotected"},
      {with("\"mos\":4.41E0", "\"mos\":\"good\""), "mos"},
      {with("\"end\":{", "\"end\":5,\"x\":{"), "end"},
  };
  for (const auto& row : rows) {
    const auto record = fromJson(row.json);
    ASSERT_FALSE(record) << row.field;
    EXPECT_STREQ(record.error().code, "call_record.field");
    EXPECT_EQ(record.error().detail, row.field);
  }
}

TEST(CallRecord, ALegThatIsUnprotectedSaysSoAndComesBack) {
  auto record = answeredCall();
  auto& leg = record.legs[1];
  leg.unprotected = true;
  leg.tls_version = leg.tls_suite = leg.srtp_suite = leg.keying = "";
  const auto back = fromJson(toJson(record));
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(*back, record);
  const auto table = toTable(record);
  EXPECT_THAT(table, HasSubstr("UNPROTECTED: plain TCP"));
  EXPECT_THAT(table, HasSubstr("UNPROTECTED: plain RTP"));
}

TEST(CallRecord, OneFromBeforeLegsCouldBeUnprotectedIsStillRead) {
  auto json = toJson(answeredCall());
  const std::string_view member = "\"unprotected\":false,";
  for (auto at = json.find(member); at != std::string::npos; at = json.find(member)) json.erase(at, member.size());
  const auto back = fromJson(json);
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(*back, answeredCall());
}

TEST(CallRecord, OneFromBeforeTheWayOfMediaWasToldIsStillRead) {
  auto before = answeredCall();
  before.zrtp_refusals.clear();
  for (auto& leg : before.legs) {
    leg.transport = leg.dtls_fingerprint = leg.found_by = leg.path = "";
    leg.dtls_verified = false;
  }
  auto json = toJson(before);
  for (const std::string_view member : {"\"transport\":\"\",", "\"dtls_fingerprint\":\"\",", "\"dtls_verified\":false,",
                                        "\"found_by\":\"\",", "\"path\":\"\",", "\"zrtp_refusals\":[],"}) {
    for (auto at = json.find(member); at != std::string::npos; at = json.find(member)) json.erase(at, member.size());
  }
  EXPECT_EQ(json.find("found_by"), std::string::npos);
  const auto back = fromJson(json);
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(*back, before);
}

TEST(CallRecord, MembersOfALaterVersionAreIgnored) {
  auto json = toJson(answeredCall());
  json.insert(1, "\"attestation\":\"A\",");
  EXPECT_TRUE(fromJson(json));
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(CallTable, SaysWhoProvedWhatAndHowItWasProtected) {
  const auto table = toTable(answeredCall());
  for (const auto* fact : {"Call c-0001",
                           "authenticated as",
                           "uri:sip:alice@example.org",
                           "TLSv1.3 TLS_AES_256_GCM_SHA384",
                           "AEAD_AES_256_GCM, keyed by SDES",
                           "PCMU",
                           "sent on as opus, 3100 packets, 7 concealed",
                           "repacketised 20 -> 30 ms, 3100 packets",
                           "192.0.2.10:20000 opened",
                           "[2001:db8::1]:20001 opened",
                           "still open",
                           "4 auth_failed",
                           "loss 0.25 %, jitter 1.5 ms, MOS 4.41",
                           "call.ended.caller_hung_up: BYE (by caller), SIP 200",
                           "talked 1 min 3 s",
                           "source_call_rate: would refuse (21 calls in 1 s)",
                           "198.51.100.7:50000",
                           "wss",
                           "sha-256 4A:AD",
                           "announced and shown",
                           "ICE, at 198.51.100.7:50000",
                           "3 media.zrtp.before_agreement"}) {
    EXPECT_THAT(table, HasSubstr(fact)) << table;
  }
}

TEST(CallTable, IsAlignedInBothStyles) {
  auto record = answeredCall();
  record.from = "sip:J\xc3\xbcrgen@example.org";
  record.to = "sip:" + std::string(300, 'x') + "@example.org";
  record.legs[1].issuer = "CN=" + std::string(120, 'y');
  for (const auto style : {TableStyle::unicode, TableStyle::ascii}) {
    const auto lines = linesOf(toTable(record, style));
    for (std::size_t i = 1; i < lines.size(); ++i) {
      EXPECT_EQ(displayWidth(lines[i]), displayWidth(lines[1])) << lines[i];
    }
  }
}

TEST(CallTable, AnAsciiTableIsAsciiThroughout) {
  const auto table = toTable(answeredCall(), TableStyle::ascii);
  EXPECT_TRUE(std::all_of(table.begin(), table.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

TEST(CallTable, HostileTextCanNeitherMoveTheCursorNorAddALine) {
  auto record = answeredCall();
  const auto lines = linesOf(toTable(record)).size();
  record.from = "a\nb\x1b[2J\xc2\x9b\x7f";
  record.legs[0].issuer = "CN=x\ny";
  const auto table = toTable(record);
  EXPECT_EQ(linesOf(table).size(), lines);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_THAT(table, HasSubstr("a\\nb\\x1b[2J\\u{009b}\\x7f"));
}

TEST(CallTable, ACallWithoutVoiceShowsNoEmptyRows) {
  CallRecord record;
  record.call_id = "c-3";
  record.started = kStart;
  const auto table = toTable(record);
  EXPECT_THAT(table, HasSubstr("the call is up"));
  EXPECT_THAT(table, Not(HasSubstr("SRTP")));
  EXPECT_THAT(table, Not(HasSubstr("received")));
}

}  // namespace
}  // namespace sallyport::telemetry
