// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_call_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "store/sqlite.h"
#include "telemetry/recording_sink.h"

namespace sallyport::store {
namespace {

using namespace std::chrono_literals;
using telemetry::CallRecord;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime kStart{1'800'000'000s};

CallRecord call(const std::string& id, std::chrono::seconds after = 0s) {
  CallRecord record;
  record.call_id = id;
  record.started = kStart + after;
  record.from = "sip:alice'; DROP TABLE calls; --@example.org";
  record.legs[0].peer = "device";
  record.legs[0].identity = "uri:sip:alice@example.org";
  record.legs[1].peer = "core";
  return record;
}

CallRecord ended(const std::string& id, std::chrono::seconds after = 0s, const char* code = "call.ended") {
  auto record = call(id, after);
  record.ended = record.started + 10s;
  record.end = {code, "BYE", "caller", 200};
  return record;
}

std::vector<std::string> idsOf(const Result<std::vector<CallRecord>>& records) {
  EXPECT_TRUE(records) << describe(records.error());
  std::vector<std::string> ids;
  if (records) {
    for (const auto& record : *records) ids.push_back(record.call_id);
  }
  return ids;
}

class SqliteStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sallyport-store-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.file = folder_ / "cdr.sqlite";
    options_.retry = 10ms;
    clock_.startAt(kStart + 1h);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  SqliteCallStore& open() {
    store_.reset();
    auto store = SqliteCallStore::open(options_, clock_, events_);
    EXPECT_TRUE(store) << describe(store.error());
    store_ = *std::move(store);
    return *store_;
  }
  const char* refusal() {
    store_.reset();
    auto store = SqliteCallStore::open(options_, clock_, events_);
    if (store) return "opened";
    detail_ = store.error().detail;
    return store.error().code;
  }
  void sql(const char* statements) {
    auto database = Database::open(options_.file, Database::Access::readWrite, "test");
    ASSERT_TRUE(database);
    const auto done = database->execute(statements);
    ASSERT_TRUE(done) << describe(done.error());
  }

  std::filesystem::path folder_;
  SqliteOptions options_;
  FakeClock clock_;
  telemetry::RecordingSink events_;
  std::unique_ptr<SqliteCallStore> store_;
  std::string detail_;
};

TEST_F(SqliteStore, WhatWasConfirmedIsThereAfterARestart) {
  auto& store = open();
  store.append(ended("a"));
  ASSERT_TRUE(store.flush(5s));
  const auto found = open().find("a");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(**found, ended("a"));
  EXPECT_THAT(events_.events(), IsEmpty());
}

TEST_F(SqliteStore, NeitherAFlushNorTheEndWaitsForTheNextCommitsTime) {
  options_.commit_interval = 1h;
  auto& store = open();
  store.append(ended("first"));
  ASSERT_TRUE(store.flush(5s));
  store.append(ended("flushed"));
  ASSERT_TRUE(store.flush(5s));
  store.append(ended("last"));
  EXPECT_THAT(idsOf(open().recent(10, {})), ElementsAre("last", "flushed", "first"));
}

TEST_F(SqliteStore, AFullBatchDoesNotWaitEither) {
  options_.commit_interval = 1h;
  auto& store = open();
  store.append(ended("first"));
  ASSERT_TRUE(store.flush(5s));
  for (int i = 0; i < 300; ++i) store.append(ended(std::to_string(i)));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (store.statistics().written < 257 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GE(store.statistics().written, 257u);
}

TEST_F(SqliteStore, ARecordIsFoundAtOnceWrittenOrNot) {
  auto& store = open();
  store.append(ended("a"));
  const auto found = store.find("a");
  ASSERT_TRUE(found && *found);
  const auto none = store.find("b' OR 1=1 --");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
}

TEST_F(SqliteStore, ACallThatIsUpIsFoundByWhatItBeganWith) {
  auto& store = open();
  store.begin(call("a"));
  ASSERT_TRUE(store.flush(5s));
  const auto found = store.find("a");
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->end.code.empty());
  EXPECT_THAT(idsOf(store.recent(10, {})), IsEmpty());
}

TEST_F(SqliteStore, RecentIsNewestFirstAndFiltered) {
  auto& store = open();
  for (int i = 0; i < 5; ++i) store.append(ended("c" + std::to_string(i), std::chrono::seconds{i}));
  auto odd = ended("odd", 60s, "media.timeout");
  odd.legs[1].peer = "carrier";
  odd.legs[0].identity = "dns:pbx.example";
  store.append(odd);
  EXPECT_THAT(idsOf(store.recent(3, {})), ElementsAre("odd", "c4", "c3"));
  EXPECT_THAT(
      idsOf(store.recent(9, {.since = kStart + 3s, .until = kStart + 60s, .peer = "", .identity = "", .end_code = ""})),
      ElementsAre("c4", "c3"));
  CallFilter by_peer, by_identity, by_code, by_injection;
  by_peer.peer = "carrier";
  by_identity.identity = "dns:pbx.example";
  by_code.end_code = "media.timeout";
  by_injection.peer = "' OR '1'='1";
  EXPECT_THAT(idsOf(store.recent(9, by_peer)), ElementsAre("odd"));
  EXPECT_THAT(idsOf(store.recent(9, by_identity)), ElementsAre("odd"));
  EXPECT_THAT(idsOf(store.recent(9, by_code)), ElementsAre("odd"));
  EXPECT_THAT(idsOf(store.recent(9, by_injection)), IsEmpty());
}

TEST_F(SqliteStore, ExportsOneLineOfJsonPerCallUntilToldToStop) {
  auto& store = open();
  for (const auto* id : {"a", "b", "c"}) store.append(ended(id));
  std::vector<std::string> ids;
  ASSERT_TRUE(store.exportJson([&](std::string_view line) {
    EXPECT_EQ(line.find('\n'), std::string_view::npos);
    ids.push_back(telemetry::fromJson(line)->call_id);
    return ids.size() < 2;
  }));
  EXPECT_THAT(ids, ElementsAre("a", "b"));
}

// The process is killed in mid-call: the next start says so and the call is not lost.
TEST_F(SqliteStore, ACallThatTheProcessDiedWithIsMarkedAtTheNextStart) {
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = SqliteCallStore::open(options_, clock_, events_);
    if (!store) _exit(1);
    auto live = call("live");
    live.legs[0].pinholes = {{"192.0.2.1", 20'000, kStart, std::nullopt}};
    (*store)->begin(live);
    (*store)->begin(call("finished"));
    (*store)->append(ended("finished"));
    if (!(*store)->flush(5s)) _exit(2);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);

  auto& store = open();
  EXPECT_EQ(store.statistics().recovered, 1u);
  const auto live = store.find("live");
  ASSERT_TRUE(live && *live);
  EXPECT_EQ((*live)->end.code, "process.crashed");
  EXPECT_THAT((*live)->end.text, HasSubstr("2027-01-15T10:00:00"));
  EXPECT_FALSE((*live)->ended.has_value());
  EXPECT_TRUE((*live)->legs[0].pinholes.at(0).closed.has_value());
  EXPECT_EQ((*store.find("finished"))->end.code, "call.ended");
  ASSERT_EQ(events_.events("store.calls.recovered").size(), 1u);
  EXPECT_EQ(open().statistics().recovered, 0u);
}

TEST_F(SqliteStore, AFullDiskKeepsEveryRecordAndTheNextStartTakesThemBack) {
  options_.size_limit = 200'000;
  auto& small = open();
  auto large = ended("x");
  large.from = std::string(20'000, 'f');
  for (int i = 0; i < 30; ++i) {
    large.call_id = "call-" + std::to_string(i);
    small.append(large);
  }
  EXPECT_FALSE(small.flush(5s));
  EXPECT_TRUE(small.statistics().failing);
  EXPECT_GT(small.statistics().waiting, 0u);
  ASSERT_EQ(events_.events("store.write.failed").size(), 1u);
  EXPECT_THAT(events_.events("store.write.failed")[0].fields.at("why"), HasSubstr("full"));
  store_.reset();
  EXPECT_EQ(events_.events("store.closed.incomplete").size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cdr.sqlite.spill.jsonl"));

  options_.size_limit = 0;
  auto& store = open();
  EXPECT_EQ(idsOf(store.recent(100, {})).size(), 30u);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cdr.sqlite.spill.jsonl"));
  EXPECT_EQ(events_.events("store.spill.taken_back").size(), 1u);
}

TEST_F(SqliteStore, BeyondTheQueueRecordsAreSpilledNotLost) {
  options_.size_limit = 100'000;
  options_.queue_records = 20;
  auto& store = open();
  auto large = ended("x");
  large.from = std::string(20'000, 'f');
  for (int i = 0; i < 100; ++i) {
    large.call_id = "call-" + std::to_string(i);
    store.append(large);
    if (i % 10 == 9) (void)store.flush(1s);
    const auto patience = std::chrono::steady_clock::now() + 5s;
    while (store.statistics().waiting > 25 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  }
  EXPECT_GT(store.statistics().spilled, 0u);
  EXPECT_EQ(store.statistics().lost, 0u);
  options_.size_limit = 0;
  EXPECT_EQ(idsOf(open().recent(1'000, {})).size(), 100u);
}

TEST_F(SqliteStore, WhatNeitherFileCanTakeIsCountedAndTold) {
  options_.size_limit = 100'000;
  std::filesystem::create_directory(folder_ / "cdr.sqlite.spill.jsonl");
  auto& store = open();
  EXPECT_EQ(events_.events("store.recovery.postponed").size(), 1u);
  auto large = ended("large");
  large.from = std::string(300'000, 'f');
  store.append(large);
  EXPECT_FALSE(store.flush(5s));
  EXPECT_EQ(store.statistics().lost, 0u);
  store_.reset();
  ASSERT_EQ(events_.events("store.closed.incomplete").size(), 1u);
  EXPECT_EQ(events_.events("store.closed.incomplete")[0].fields.at("lost"), "1");
}

TEST_F(SqliteStore, ALineCutByACrashIsSetAsideAndTheOthersAreTaken) {
  std::ofstream{folder_ / "cdr.sqlite.spill.jsonl"} << toJson(ended("a")) << "\n{\"call_id\":\"cut";
  auto& store = open();
  EXPECT_TRUE((*store.find("a")).has_value());
  std::ifstream kept{folder_ / "cdr.sqlite.spill.unreadable"};
  std::string line;
  EXPECT_TRUE(std::getline(kept, line));
  EXPECT_EQ(line, "{\"call_id\":\"cut");
  EXPECT_EQ(events_.events("store.spill.taken_back").at(0).fields.at("unreadable"), "1");
}

TEST_F(SqliteStore, ManyWorkersAppendAtOnce) {
  auto& store = open();
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&store, w] {
      for (int i = 0; i < 100; ++i) {
        const auto id = std::to_string(w) + "-" + std::to_string(i);
        store.begin(call(id));
        store.append(ended(id));
      }
    });
  }
  for (auto& worker : workers) worker.join();
  ASSERT_TRUE(store.flush(10s));
  EXPECT_EQ(store.statistics().written, 400u);
  EXPECT_EQ(idsOf(store.recent(1'000, {})).size(), 400u);
}

TEST_F(SqliteStore, TheFileIsForItsOwnerOnly) {
  open();
  struct stat facts {};
  ASSERT_EQ(stat(options_.file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

// --- refusals ---

TEST_F(SqliteStore, RefusesAFolderThatIsNotThere) {
  options_.file = folder_ / "none" / "cdr.sqlite";
  EXPECT_STREQ(refusal(), "store.folder.missing");
}

TEST_F(SqliteStore, RefusesAFileThatIsNoDatabase) {
  std::ofstream{options_.file} << std::string(5'000, 'x');
  EXPECT_STREQ(refusal(), "store.file.foreign");
  EXPECT_THAT(detail_, HasSubstr("move it away"));
  EXPECT_THAT(detail_, HasSubstr("cdr.sqlite"));
}

TEST_F(SqliteStore, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  std::ofstream{options_.file};
  sql("CREATE TABLE theirs (x); PRAGMA application_id = 42;");
  EXPECT_STREQ(refusal(), "store.file.foreign");
  sql("INSERT INTO theirs VALUES (1)");
}

TEST_F(SqliteStore, RefusesAFileOfANewerVersion) {
  open();
  store_.reset();
  sql("PRAGMA user_version = 99");
  EXPECT_STREQ(refusal(), "store.schema.newer");
  EXPECT_THAT(detail_, HasSubstr("99"));
}

TEST_F(SqliteStore, RefusesADamagedFileAndSaysHowToSaveWhatIsLeft) {
  auto& store = open();
  for (int i = 0; i < 200; ++i) store.append(ended("call-" + std::to_string(i)));
  ASSERT_TRUE(store.flush(5s));
  store_.reset();
  std::fstream file{options_.file, std::ios::in | std::ios::out | std::ios::binary};
  const auto size = std::filesystem::file_size(options_.file);
  for (std::uintmax_t at = 4'096; at + 4'096 <= size; at += 8'192) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(2'000, '\xee');
  }
  file.close();
  EXPECT_STREQ(refusal(), "store.file.corrupt");
  EXPECT_THAT(detail_, HasSubstr(".recover"));
}

TEST_F(SqliteStore, RefusesAFileThatAnotherEdgeIsUsing) {
  open();
  const auto second = SqliteCallStore::open(options_, clock_, events_);
  ASSERT_FALSE(second);
  EXPECT_STREQ(second.error().code, "store.file.busy");
}

TEST_F(SqliteStore, RefusesAFolderInPlaceOfTheFile) {
  std::filesystem::create_directory(options_.file);
  EXPECT_STREQ(refusal(), "store.file.unwritable");
}

// --- beside the edge ---

TEST_F(SqliteStore, AnotherProcessMayReadWhileTheEdgeWrites) {
  auto& store = open();
  store.append(ended("a"));
  ASSERT_TRUE(store.flush(5s));
  const auto reader = SqliteCallStore::openForReading(options_.file);
  ASSERT_TRUE(reader) << describe(reader.error());
  EXPECT_TRUE((*(*reader)->find("a")).has_value());
  store.append(ended("b"));
  ASSERT_TRUE(store.flush(5s));
  EXPECT_EQ(idsOf((*reader)->recent(10, {})).size(), 2u);
}

TEST_F(SqliteStore, ReadingRefusesWhatIsNotThereOrNotOurs) {
  EXPECT_STREQ(SqliteCallStore::openForReading(options_.file).error().code, "store.read");
  std::ofstream{options_.file} << std::string(5'000, 'x');
  EXPECT_STREQ(SqliteCallStore::openForReading(options_.file).error().code, "store.file.foreign");
}

}  // namespace
}  // namespace sallyport::store
