// SPDX-License-Identifier: Apache-2.0
#include "store/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

#include "core/fd.h"

namespace sallyport::store {
namespace {

Error spillFailure(const std::filesystem::path& path) {
  return {ErrorKind::unavailable, "store.spill", path.string() + ": " + std::generic_category().message(errno)};
}

Status appendText(const std::filesystem::path& path, std::string_view text) {
  const Fd file{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return spillFailure(path);
  const auto before = ::lseek(file.raw(), 0, SEEK_END);
  if (writeAll(file, bytesOf(text)) == 0 && ::fsync(file.raw()) == 0) return success();
  const auto failure = spillFailure(path);
  if (before >= 0 && ::ftruncate(file.raw(), before) != 0) return spillFailure(path);
  return failure;
}

}  // namespace

SpillFile::SpillFile(const std::filesystem::path& database) : path_(database) { path_ += ".spill.jsonl"; }

bool SpillFile::exists() const {
  std::error_code failure;
  return std::filesystem::exists(path_, failure);
}

Status SpillFile::append(const std::vector<const telemetry::CallRecord*>& records) {
  std::string text;
  for (const auto* record : records) text += telemetry::toJson(*record) + "\n";
  return appendText(path_, text);
}

Result<SpillFile::Content> SpillFile::read() const {
  Content content;
  std::ifstream file{path_, std::ios::binary};
  if (!file) return Error{ErrorKind::unavailable, "store.spill", path_.string() + ": it cannot be read"};
  for (std::string line; std::getline(file, line);) {
    auto record = telemetry::fromJson(line);
    if (record) {
      content.records.push_back(*std::move(record));
    } else if (!line.empty()) {
      content.unreadable.push_back(std::move(line));
    }
  }
  return content;
}

Status SpillFile::discard(const std::vector<std::string>& unreadable) {
  if (!unreadable.empty()) {
    auto kept = path_;
    kept.replace_extension(".unreadable");
    std::string text;
    for (const auto& line : unreadable) text += line + "\n";
    SP_TRY(appendText(kept, text));
  }
  if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return success();
  return spillFailure(path_);
}

}  // namespace sallyport::store
