// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lines into a descriptor: whole or counted as lost, never a line glued to half of another. Used by the
// event log's own thread. Internal to telemetry.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string_view>

#include "core/result.h"

namespace sallyport::telemetry {

class LineWriter {
 public:
  explicit LineWriter(int borrowed_descriptor) : descriptor_(borrowed_descriptor) {}
  LineWriter(LineWriter&& other) noexcept;
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  LineWriter& operator=(LineWriter&&) = delete;
  ~LineWriter();

  static Result<LineWriter> openFile(const std::filesystem::path& file);  // log.file.unwritable

  // `line` ends in '\n'. False when it could not be written whole; it then counts as lost. Waits while
  // the reader of a pipe is slow, until `give_up` is set.
  bool write(std::string_view line, const std::atomic<bool>& give_up);

  Status reopen(const std::filesystem::path& file);  // keeps the old descriptor when that fails

 private:
  bool writeAll(std::string_view bytes, const std::atomic<bool>& give_up);

  int descriptor_ = -1;
  bool owned_ = false;
  bool torn_ = false;  // the last line was cut: the next one begins with a line end
};

}  // namespace sallyport::telemetry
