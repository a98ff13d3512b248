// SPDX-License-Identifier: Apache-2.0
#include "store/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

namespace sallyport::store {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return descriptor_; }

 private:
  int descriptor_;
};

Error spillFailure(const std::filesystem::path& path) {
  return {ErrorKind::unavailable, "store.spill", path.string() + ": " + std::generic_category().message(errno)};
}

bool writeAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status appendText(const std::filesystem::path& path, std::string_view text) {
  const Descriptor file{path};
  if (*file < 0) return spillFailure(path);
  const auto before = ::lseek(*file, 0, SEEK_END);
  if (writeAll(*file, text) && ::fsync(*file) == 0) return success();
  const auto failure = spillFailure(path);
  if (before >= 0 && ::ftruncate(*file, before) != 0) return spillFailure(path);
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
