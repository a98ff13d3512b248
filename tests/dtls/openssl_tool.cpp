// SPDX-License-Identifier: Apache-2.0
#include "openssl_tool.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "core/check.h"

extern char** environ;

namespace sallyport::testing {
namespace {

constexpr char kTool[] = "/usr/bin/openssl";

void write(const std::filesystem::path& file, std::string_view text) { std::ofstream{file} << text; }

}  // namespace

ToolIdentity::ToolIdentity(const std::string& key) : made_(crypto::testing::make({.key = key})) {
  std::string pattern = (std::filesystem::temp_directory_path() / "dtls-peer-XXXXXX").string();
  SP_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  const auto pem = *made_.key.pem();
  write(folder_ / "cert.pem", made_.pem());
  write(folder_ / "key.pem", {reinterpret_cast<const char*>(pem.bytes().data()), pem.size()});
}

ToolIdentity::~ToolIdentity() { std::filesystem::remove_all(folder_); }

std::vector<std::string> ToolIdentity::arguments() const {
  return {"-cert", (folder_ / "cert.pem").string(), "-key", (folder_ / "key.pem").string()};
}

bool OpensslTool::installed() { return access(kTool, X_OK) == 0; }

OpensslTool::OpensslTool(std::vector<std::string> arguments) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  SP_CHECK(pipe2(in.data(), O_CLOEXEC) == 0 && pipe2(out.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
  arguments.insert(arguments.begin(), kTool);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  SP_CHECK(posix_spawn(&process_, kTool, &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
}

OpensslTool::~OpensslTool() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  close(input_);
  close(output_);
}

void OpensslTool::readOutput() {
  std::array<char, 4'096> buffer;
  for (ssize_t count = 1; count > 0;) {
    count = read(output_, buffer.data(), buffer.size());
    if (count > 0) text_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::optional<std::string> OpensslTool::lineAfter(const std::string& label) const {
  const auto at = text_.find(label);
  if (at == std::string::npos) return std::nullopt;
  const auto begin = at + label.size();
  const auto end = text_.find('\n', begin);
  if (end == std::string::npos) return std::nullopt;
  return text_.substr(begin, end - begin);
}

}  // namespace sallyport::testing
