// SPDX-License-Identifier: Apache-2.0
#include "store/registration_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <mutex>

#include "store/sqlite.h"
#include "telemetry/recording_sink.h"

namespace sallyport::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr WallTime kNow{1'800'000'000'123ms};

StoredBinding bindingOf(const std::string& aor, const std::string& token = "0-token") {
  StoredBinding binding;
  binding.aor = aor;
  binding.token = token;
  binding.contact = "sip:alice@10.0.0.1;transport=tls";
  binding.instance = "urn:uuid:'; DROP TABLE bindings; --";
  binding.reg_id = 0x7FFF'FFFF;
  binding.q = 500;
  binding.call_id = "c@h";
  binding.cseq = 0xFFFF'FFFF;
  binding.path = "<sip:p;lr>";
  binding.peer = "device";
  binding.identity = aor;
  binding.proof = "digest";
  binding.user_agent = "Desk \"1\"";
  binding.source = "10.0.0.1:40000";
  binding.transport = "wss";
  binding.registered = kNow;
  binding.expires = kNow + 3'600s;
  binding.upstream_cseq = 7;
  binding.upstream_registered = kNow - 60s;
  binding.upstream_expires = kNow + 60s;
  return binding;
}

class Table final : public RegistrationSource {
 public:
  std::vector<StoredBinding> bindingsOf(std::string_view aor) const override {
    const std::lock_guard lock{mutex_};
    ++asked_;
    const auto found = bound_.find(std::string{aor});
    return found == bound_.end() ? std::vector<StoredBinding>{} : found->second;
  }
  void set(const std::string& aor, std::vector<StoredBinding> bindings) {
    const std::lock_guard lock{mutex_};
    bound_[aor] = std::move(bindings);
  }
  unsigned asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  mutable unsigned asked_ = 0;
  std::map<std::string, std::vector<StoredBinding>> bound_;
};

class RegistrationStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("registrations-" + std::to_string(getpid()) + "-" +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    options_.file = folder_ / "registrations.sqlite";
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Closes the one before it; the bindings it found are in loaded_.
  RegistrationStore& open() {
    store_.reset();
    auto opened = RegistrationStore::open(options_, events_);
    EXPECT_TRUE(opened) << describe(opened.error());
    store_ = *std::move(opened);
    loaded_ = store_->takeLoaded();
    store_->start(table_);
    return *store_;
  }
  std::string refusal() {
    store_.reset();
    const auto opened = RegistrationStore::open(options_, events_);
    if (opened) return "";
    detail_ = opened.error().detail;
    return opened.error().code;
  }
  void touch(const StoredBinding& binding) {
    table_.set(binding.aor, {binding});
    store_->touched(binding.aor);
  }
  void sql(const char* text) {
    auto database = Database::open(options_.file, Database::Access::readWrite, "test");
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute(text));
  }

  std::filesystem::path folder_;
  RegistrationStore::Options options_;
  telemetry::RecordingSink events_;
  Table table_;
  std::unique_ptr<RegistrationStore> store_;
  std::vector<StoredBinding> loaded_;
  std::string detail_;
};

TEST_F(RegistrationStoreTest, EveryFieldSurvivesARestart) {
  open();
  EXPECT_THAT(loaded_, IsEmpty());
  touch(bindingOf("alice@x"));
  table_.set("bob@x", {bindingOf("bob@x", "0-one"), bindingOf("bob@x", "1-two")});
  store_->touched("bob@x");
  open();
  EXPECT_THAT(loaded_,
              UnorderedElementsAre(bindingOf("alice@x"), bindingOf("bob@x", "0-one"), bindingOf("bob@x", "1-two")));
}

TEST_F(RegistrationStoreTest, AnAddressWithoutBindingsIsForgotten) {
  open();
  touch(bindingOf("alice@x"));
  ASSERT_TRUE(store_->flush(5s));
  table_.set("alice@x", {});
  store_->touched("alice@x");
  open();
  EXPECT_THAT(loaded_, IsEmpty());
}

TEST_F(RegistrationStoreTest, AStormIsAFewCommitsAndTheLastWordWins) {
  options_.commit_interval = 60s;  // only flush() and the first one end the wait
  auto& store = open();
  auto binding = bindingOf("x");
  for (std::uint32_t round = 1; round <= 3; ++round) {
    for (int i = 0; i < 10'000; ++i) {
      binding.aor = std::to_string(i) + "@x";
      binding.cseq = round;
      touch(binding);
    }
  }
  ASSERT_TRUE(store.flush(60s));
  EXPECT_LE(store.statistics().commits, 3u);
  EXPECT_LE(store.statistics().addresses, 30'000u);
  EXPECT_EQ(store.statistics().waiting, 0u);
  open();
  ASSERT_THAT(loaded_, SizeIs(10'000));
  for (const auto& each : loaded_) ASSERT_EQ(each.cseq, 3u);
}

TEST_F(RegistrationStoreTest, HostileBytesAreKeptAsText) {
  open();
  auto hostile = bindingOf("alice@x");
  hostile.user_agent = std::string{"\xff\x00\x1b[2J", 6};
  touch(hostile);
  open();
  ASSERT_THAT(loaded_, SizeIs(1));
  EXPECT_EQ(loaded_[0].user_agent.substr(0, 3), "\xEF\xBF\xBD");
}

TEST_F(RegistrationStoreTest, TheFileIsForItsOwnerOnly) {
  open();
  struct stat facts {};
  ASSERT_EQ(stat(options_.file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(RegistrationStoreTest, WhatCouldNotBeWrittenIsTriedAgain) {
  options_.retry = 1ms;
  auto& store = open();
  auto blocker = Database::open(options_.file, Database::Access::readWrite, "test");
  ASSERT_TRUE(blocker);
  ASSERT_TRUE(blocker->execute("ALTER TABLE bindings RENAME TO away"));
  touch(bindingOf("alice@x"));
  EXPECT_FALSE(store.flush(200ms));
  EXPECT_TRUE(store.statistics().failing);
  ASSERT_TRUE(blocker->execute("ALTER TABLE away RENAME TO bindings"));
  EXPECT_TRUE(store.flush(10s));
  EXPECT_EQ(events_.events("store.registrations.failed").size(), 1u);
  EXPECT_EQ(events_.events("store.registrations.recovered").size(), 1u);
}

TEST_F(RegistrationStoreTest, WhatNeverCouldIsCountedAtTheEnd) {
  open();
  sql("DROP TABLE bindings");
  touch(bindingOf("alice@x"));
  store_.reset();
  ASSERT_EQ(events_.events("store.registrations.lost").size(), 1u);
  EXPECT_EQ(events_.events("store.registrations.lost")[0].fields.at("addresses"), "1");
}

// --- damage and refusals ---

TEST_F(RegistrationStoreTest, ADamagedFileIsSetAsideAndAnEmptyOneBegun) {
  open();
  for (int i = 0; i < 2'000; ++i) touch(bindingOf(std::to_string(i) + "@x"));
  store_.reset();
  {
    std::fstream file{options_.file, std::ios::in | std::ios::out | std::ios::binary};
    const auto size = std::filesystem::file_size(options_.file);
    for (std::uintmax_t at = 4'096; at + 4'096 <= size; at += 8'192) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(2'000, '\xee');
    }
  }
  open();
  EXPECT_THAT(loaded_, IsEmpty());
  EXPECT_EQ(events_.events("store.registrations.set_aside").size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "registrations.sqlite.damaged"));
  touch(bindingOf("alice@x"));
  open();
  EXPECT_THAT(loaded_, SizeIs(1));
}

TEST_F(RegistrationStoreTest, AFileThatIsNoDatabaseIsSetAside) {
  std::ofstream{options_.file} << std::string(5'000, 'x');
  open();
  EXPECT_EQ(events_.events("store.registrations.set_aside").size(), 1u);
}

TEST_F(RegistrationStoreTest, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  std::ofstream{options_.file};
  sql("CREATE TABLE theirs (x); PRAGMA application_id = 42;");
  EXPECT_EQ(refusal(), "store.file.foreign");
  EXPECT_THAT(detail_, HasSubstr("[registrar]"));
  sql("INSERT INTO theirs VALUES (1)");
}

TEST_F(RegistrationStoreTest, RefusesAFileOfANewerVersion) {
  open();
  store_.reset();
  sql("PRAGMA user_version = 99");
  EXPECT_EQ(refusal(), "store.schema.newer");
}

TEST_F(RegistrationStoreTest, RefusesAFolderThatIsNotThere) {
  options_.file = folder_ / "none" / "registrations.sqlite";
  EXPECT_EQ(refusal(), "store.folder.missing");
}

TEST_F(RegistrationStoreTest, RefusesAFileThatAnotherEdgeIsUsing) {
  open();
  const auto second = RegistrationStore::open(options_, events_);
  ASSERT_FALSE(second);
  EXPECT_STREQ(second.error().code, "store.file.busy");
}

TEST_F(RegistrationStoreTest, RefusesAFolderInPlaceOfTheFile) {
  std::filesystem::create_directory(options_.file);
  EXPECT_EQ(refusal(), "store.file.unwritable");
}

}  // namespace
}  // namespace sallyport::store
