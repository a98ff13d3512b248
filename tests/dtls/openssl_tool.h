// SPDX-License-Identifier: Apache-2.0
#pragma once
// `openssl s_client` or `openssl s_server` as a child process: what it prints is collected, and it ends with the
// object. For tests.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crypto/test_certificates.h"

namespace sallyport::testing {

// Its certificate and key in files of their own, gone with the object.
class ToolIdentity {
 public:
  explicit ToolIdentity(const std::string& key);
  ~ToolIdentity();
  ToolIdentity(const ToolIdentity&) = delete;
  ToolIdentity& operator=(const ToolIdentity&) = delete;

  const crypto::Certificate& certificate() const { return made_.certificate; }
  std::vector<std::string> arguments() const;  // -cert, -key

 private:
  crypto::testing::Made made_;
  std::filesystem::path folder_;
};

class OpensslTool {
 public:
  static bool installed();
  explicit OpensslTool(std::vector<std::string> arguments);  // "s_client", "-connect", ...
  ~OpensslTool();
  OpensslTool(const OpensslTool&) = delete;
  OpensslTool& operator=(const OpensslTool&) = delete;

  int output() const { return output_; }  // a descriptor to poll
  void readOutput();                      // what there is
  const std::string& text() const { return text_; }
  // What follows `label` up to the end of its line, once the line is whole.
  std::optional<std::string> lineAfter(const std::string& label) const;

 private:
  pid_t process_ = -1;
  int input_ = -1;  // held open: the tool ends when its input does
  int output_ = -1;
  std::string text_;
};

}  // namespace sallyport::testing
