// SPDX-License-Identifier: Apache-2.0
#include "crypto/password.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "core/secret_text.h"

namespace sallyport::crypto {
namespace {

std::string outcome(const Result<Secret>& password) {
  return password ? std::string{textOf(*password)} : std::string{password.error().code};
}

// What is read when `text` comes through a pipe.
std::string piped(const std::string& text) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const auto read = outcome(passwordFrom(ends[0], {"Password", PasswordPrompt::Times::twice}));
  ::close(ends[0]);
  return read;
}

TEST(Password, ComesFromAPipeAsItsFirstLine) {
  EXPECT_EQ(piped("open sesame\nmore\n"), "open sesame");
  EXPECT_EQ(piped("no end"), "no end");
  EXPECT_EQ(piped("dos\r\n"), "dos");
  EXPECT_EQ(piped(std::string(256, 'x') + "\n"), std::string(256, 'x'));
}

TEST(Password, OfNoneOrTooManyBytesIsRefused) {
  EXPECT_EQ(piped(""), "crypto.password.line");
  EXPECT_EQ(piped("\nsecond"), "crypto.password.line");
  EXPECT_EQ(piped(std::string(257, 'x') + "\n"), "crypto.password.line");
}

class PasswordFile : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream{file_} << "open sesame\nnot this\n";
    std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
  }
  void TearDown() override { std::filesystem::remove(file_); }
  const std::filesystem::path file_ = testing::TempDir() + "password." + std::to_string(::getpid());
};

TEST_F(PasswordFile, GivesItsFirstLine) { EXPECT_EQ(outcome(passwordFromFile(file_)), "open sesame"); }

TEST_F(PasswordFile, ThatOthersCanReadIsRefused) {
  std::filesystem::permissions(file_, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  EXPECT_EQ(outcome(passwordFromFile(file_)), "crypto.key.permissions");
}

TEST_F(PasswordFile, ThatIsNotThereIsRefused) {
  EXPECT_EQ(outcome(passwordFromFile(file_.string() + ".other")), "crypto.file.missing");
}

// A terminal and the person at it, who types `lines` one after the other, each when asked.
class Terminal {
 public:
  Terminal() { EXPECT_EQ(::openpty(&person_, &program_, nullptr, nullptr, nullptr), 0); }
  ~Terminal() {
    ::close(person_);
    ::close(program_);
  }
  std::string ask(const std::vector<std::string>& lines) {
    auto answer = std::async(std::launch::async, [this] {
      return outcome(passwordFrom(program_, {"Password", PasswordPrompt::Times::twice}));
    });
    for (const auto& line : lines) {
      auto asked = seen_.find(": ", answered_);
      for (; asked == std::string::npos; asked = seen_.find(": ", answered_)) look();
      answered_ = asked + 1;
      while (echoes()) std::this_thread::yield();  // the question comes before the silence
      EXPECT_EQ(::write(person_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    }
    return answer.get();
  }
  bool echoes() const {
    termios state{};
    return ::tcgetattr(program_, &state) == 0 && (state.c_lflag & ECHO) != 0;
  }
  const std::string& seen() const { return seen_; }

 private:
  void look() {
    char bytes[256];
    const auto count = ::read(person_, bytes, sizeof bytes);
    ASSERT_GT(count, 0);
    seen_.append(bytes, static_cast<std::size_t>(count));
  }
  int person_ = -1, program_ = -1;
  std::string seen_;
  std::size_t answered_ = 0;  // of it
};

TEST(PasswordAtATerminal, IsAskedForTwiceAndNeverShown) {
  Terminal terminal;
  EXPECT_EQ(terminal.ask({"open sesame\n", "open sesame\n"}), "open sesame");
  EXPECT_EQ(terminal.seen().find("sesame"), std::string::npos) << terminal.seen();
  EXPECT_NE(terminal.seen().find("Password, again: "), std::string::npos);
  EXPECT_TRUE(terminal.echoes());
}

TEST(PasswordAtATerminal, ThatDiffersTheSecondTimeIsRefused) {
  EXPECT_EQ(Terminal{}.ask({"open sesame\n", "open sesam\n"}), "crypto.password.differ");
}

TEST(PasswordAtATerminal, IsGivenUpByAnInterruptThatLeavesTheTerminalAsItWas) {
  Terminal terminal;
  EXPECT_EQ(terminal.ask({"open\x03\n"}), "crypto.password.cancelled");
  EXPECT_TRUE(terminal.echoes());
}

}  // namespace
}  // namespace sallyport::crypto
