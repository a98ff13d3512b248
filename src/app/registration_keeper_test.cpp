// SPDX-License-Identifier: Apache-2.0
#include "app/registration_keeper.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "telemetry/recording_sink.h"

namespace sallyport::app {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

class RegistrationKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("keeper-" + std::to_string(getpid()) + "-" +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    config_.store = folder_ / "registrations.sqlite";
  }
  void TearDown() override {
    keeper_.reset();
    std::filesystem::remove_all(folder_);
  }
  RegistrationKeeper& open() {
    keeper_.reset();
    auto opened = RegistrationKeeper::open(config_, clock_, events_);
    EXPECT_TRUE(opened) << describe(opened.error());
    keeper_ = *std::move(opened);
    return *keeper_;
  }
  call::Binding binding() const {
    call::Binding binding;
    binding.aor = "alice@x";
    binding.contact = {"sip:a@h", "urn:uuid:1", 2};
    binding.q = 300;
    binding.call_id = "c";
    binding.cseq = 9;
    binding.path = "<sip:p;lr>";
    binding.flow = sip::FlowId{5};
    binding.worker = 1;
    binding.peer = "device";
    binding.identity = "alice@x";
    binding.proof = "certificate";
    binding.user_agent = "Desk";
    binding.source = *Endpoint::parse("[2001:db8::1]:5061");
    binding.transport = call::Transport::wss;
    binding.registered = clock_.wall();
    binding.expires = clock_.wall() + 600s;
    binding.upstream = {7, clock_.wall(), clock_.wall() + 900s};
    return binding;
  }
  call::RegistrationChange change() const {
    call::RegistrationChange change;
    change.aor = "alice@x";
    change.call_id = "c";
    change.cseq = 9;
    change.updates = {binding()};
    return change;
  }

  std::filesystem::path folder_;
  config::Registrar config_;
  FakeClock clock_;
  telemetry::RecordingSink events_;
  std::unique_ptr<RegistrationKeeper> keeper_;
};

TEST_F(RegistrationKeeperTest, ARestartKeepsEverythingButTheConnection) {
  auto& first = open();
  ASSERT_TRUE(first.table().apply(change(), clock_.wall()));
  first.touched("alice@x");
  const auto before = first.table().byAor("alice@x", clock_.wall()).at(0);

  const auto after = open().table().byToken(before->token, clock_.wall());
  ASSERT_NE(after, nullptr);
  EXPECT_FALSE(after->flow);
  EXPECT_EQ(storedOf(*after), storedOf(*before));
  EXPECT_EQ(after->source, before->source);
  EXPECT_EQ(after->transport, call::Transport::wss);
}

TEST_F(RegistrationKeeperTest, WhatExpiredMeanwhileIsNotRestored) {
  auto& first = open();
  ASSERT_TRUE(first.table().apply(change(), clock_.wall()));
  first.touched("alice@x");
  keeper_.reset();
  clock_.advance(600s);
  EXPECT_THAT(open().table().snapshot(clock_.wall()), IsEmpty());
}

TEST_F(RegistrationKeeperTest, LimitsAreTheConfigurations) {
  auto& keeper = open();
  ASSERT_TRUE(keeper.table().apply(change(), clock_.wall()));
  config_.max_contacts = 1;
  keeper.adopt(config_);
  auto another = change();
  another.cseq = 10;
  another.updates[0].contact = {"sip:b@h", {}, 0};
  EXPECT_STREQ(keeper.table().apply(another, clock_.wall()).error().code, "registrar.contacts.full");
  EXPECT_THAT(keeper.table().snapshot(clock_.wall()), SizeIs(1));
}

TEST_F(RegistrationKeeperTest, AFolderThatIsNotThereIsNamed) {
  config_.store = folder_ / "none" / "registrations.sqlite";
  EXPECT_STREQ(RegistrationKeeper::open(config_, clock_, events_).error().code, "store.folder.missing");
}

}  // namespace
}  // namespace sallyport::app
