// SPDX-License-Identifier: Apache-2.0
#include "telemetry/event_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

#include "telemetry/event_gate.h"
#include "telemetry/line_writer.h"

namespace sallyport::telemetry {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A clock that the test moves while the log's own thread reads it.
class TestClock final : public Clock {
 public:
  TimePoint steady() const override { return TimePoint{std::chrono::nanoseconds{now_.load()}}; }
  WallTime wall() const override { return WallTime{1'800'000'000s + std::chrono::nanoseconds{now_.load()}}; }
  void advance(std::chrono::nanoseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{3'600'000'000'000};
};

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sallyport-log-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.target = EventLogOptions::Target::file;
    options_.file = folder_ / "edge.log";
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  EventLog& open() {
    auto log = EventLog::open(options_, clock_);
    EXPECT_TRUE(log) << describe(log.error());
    log_ = *std::move(log);
    return *log_;
  }

  std::vector<std::string> lines() {
    EXPECT_TRUE(log_ == nullptr || log_->flush(5s));
    return linesOf(options_.file);
  }
  static std::vector<std::string> linesOf(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  TestClock clock_;
  std::filesystem::path folder_;
  EventLogOptions options_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(EventLogTest, WritesOneJsonObjectPerEvent) {
  open().event(
      Severity::warning, "tls.handshake.refused",
      {{"source", "203.0.113.9:40112"}, {"count", 3}, {"bytes", std::size_t{7}}, {"mutual", true}, {"ratio", 0.5}});
  EXPECT_THAT(lines(), ElementsAre(R"({"ts":"2027-01-15T09:00:00.000Z","severity":"warning",)"
                                   R"("code":"tls.handshake.refused","source":"203.0.113.9:40112","count":3,"bytes":7,)"
                                   R"("mutual":true,"ratio":0.5})"));
}

TEST_F(EventLogTest, AFieldCanNeitherEndTheLineNorBreakTheJson) {
  const std::string hostile = "x\"}\r\n{\"code\":\"forged\"}\x1b[2J\xff\xe2\x80\xae";
  open().event(Severity::info, "sip.message.malformed", {{"request_uri", hostile}, {"number", std::nan("")}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].find_first_of("\r\x1b"), std::string::npos);
  const auto parsed = boost::json::parse(written[0]).as_object();
  EXPECT_EQ(parsed.at("code").as_string(), "sip.message.malformed");
  EXPECT_THAT(std::string{parsed.at("request_uri").as_string()}, HasSubstr("forged"));
  EXPECT_TRUE(parsed.at("number").is_null());
}

TEST_F(EventLogTest, AVeryLongFieldIsCut) {
  open().event(Severity::info, "x.y", {{"text", std::string(100'000, 'a')}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_LT(written[0].size(), 3'000u);
  EXPECT_THAT(written[0], HasSubstr("aaa...\"}"));
}

TEST_F(EventLogTest, WhatIsLessSevereThanAskedForIsNotWritten) {
  options_.minimum = Severity::warning;
  auto& log = open();
  log.event(Severity::notice, "a.b", {});
  log.event(Severity::error, "c.d", {});
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("c.d")));
}

TEST_F(EventLogTest, AFloodOfOneCodeIsSampledAndCountedWhileOthersPass) {
  options_.burst = 3;
  options_.events_per_second = 1;
  auto& log = open();
  for (int i = 0; i < 1'000; ++i) log.event(Severity::warning, "tls.handshake.refused", {{"i", i}});
  log.event(Severity::notice, "call.started", {});
  EXPECT_EQ(lines().size(), 4u);
  EXPECT_EQ(log.suppressed(), 997u);
  clock_.advance(1s);
  log.event(Severity::warning, "tls.handshake.refused", {});
  EXPECT_THAT(lines().back(), HasSubstr("\"suppressed\":997}"));
}

TEST_F(EventLogTest, AFloodThatHasEndedIsSummedUp) {
  options_.burst = 1;
  auto& log = open();
  for (int i = 0; i < 5; ++i) log.event(Severity::warning, "a.flood", {});
  clock_.advance(6s);
  EXPECT_THAT(lines(),
              ElementsAre(HasSubstr("a.flood"), HasSubstr(R"("code":"log.suppressed","of":"a.flood","suppressed":4)")));
}

TEST_F(EventLogTest, ClosingTellsWhatIsStillHeldBack) {
  options_.burst = 1;
  auto& log = open();
  for (int i = 0; i < 5; ++i) log.event(Severity::warning, "a.flood", {});
  log_.reset();
  EXPECT_THAT(lines().back(), HasSubstr("\"suppressed\":4"));
}

TEST_F(EventLogTest, AfterRotationWritesToTheNewFile) {
  auto& log = open();
  log.event(Severity::info, "before", {});
  ASSERT_TRUE(log.flush(5s));
  std::filesystem::rename(options_.file, folder_ / "edge.log.1");
  ASSERT_TRUE(log.reopen());
  log.event(Severity::info, "after", {});
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("after")));
  EXPECT_THAT(linesOf(folder_ / "edge.log.1"), ElementsAre(HasSubstr("before")));
}

TEST_F(EventLogTest, AFileThatCannotBeOpenedIsAClearError) {
  options_.file = folder_ / "missing" / "edge.log";
  const auto log = EventLog::open(options_, clock_);
  ASSERT_FALSE(log);
  EXPECT_STREQ(log.error().code, "log.file.unwritable");
  EXPECT_THAT(log.error().detail, HasSubstr("edge.log"));
}

TEST_F(EventLogTest, AFullDiskIsCountedNotHidden) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  options_.file = "/dev/full";
  auto& log = open();
  log.event(Severity::info, "a.b", {});
  EXPECT_TRUE(log.flush(5s));
  EXPECT_EQ(log.dropped(), 1u);
}

TEST_F(EventLogTest, ManyThreadsLoseNothingThatFits) {
  options_.burst = 100'000;
  options_.queue_lines = 100'000;
  auto& log = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log] {
      for (int i = 0; i < 500; ++i) log.event(Severity::info, "a.b", {{"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines().size(), 2'000u);
  EXPECT_EQ(log.dropped(), 0u);
}

// A reader that has stopped reading: the queue fills, lines are counted, and closing does not hang.
TEST(LineWriter, ASlowReaderIsWaitedForUntilToldToGiveUp) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::atomic<bool> give_up{false};
  LineWriter writer{ends[1]};
  std::size_t written = 0;
  std::thread stopper{[&] {
    char first;
    EXPECT_EQ(read(ends[0], &first, 1), 1);  // the writer is at work
    give_up = true;
  }};
  while (writer.write(std::string(1'000, 'x') + "\n", give_up)) ++written;
  stopper.join();
  EXPECT_GT(written, 0u);
  EXPECT_LE(written, 1'100u);  // a pipe holds a mebibyte at most
  close(ends[0]);
  close(ends[1]);
}

TEST(EventGate, RefillsWithTimeUpToTheBurst) {
  EventGate gate{10, 2};
  const TimePoint start{1h};
  EXPECT_TRUE(gate.judge("a", start).admitted);
  EXPECT_TRUE(gate.judge("a", start).admitted);
  EXPECT_FALSE(gate.judge("a", start).admitted);
  EXPECT_TRUE(gate.judge("b", start).admitted);
  EXPECT_FALSE(gate.judge("a", start + 90ms).admitted);
  const auto decision = gate.judge("a", start + 110ms);
  EXPECT_TRUE(decision.admitted);
  EXPECT_EQ(decision.suppressed, 2u);
  EXPECT_TRUE(gate.judge("a", start + 1h).admitted);
  EXPECT_TRUE(gate.judge("a", start + 1h).admitted);
  EXPECT_FALSE(gate.judge("a", start + 1h).admitted);
}

TEST(EventGate, RemembersABoundedNumberOfCodes) {
  EventGate gate{1, 1};
  const TimePoint start{1h};
  unsigned admitted = 0;
  for (int i = 0; i < 5'000; ++i) admitted += gate.judge("code." + std::to_string(i), start).admitted ? 1 : 0;
  EXPECT_LE(admitted, 1'025u);
}

}  // namespace
}  // namespace sallyport::telemetry
