// SPDX-License-Identifier: Apache-2.0
#include "store/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sallyport::store {
namespace {

Error unwritable() {
  return Error{ErrorKind::misconfigured, "store.file.unwritable", std::generic_category().message(errno)};
}

}  // namespace

Status createPrivately(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  if (descriptor < 0) return unwritable();
  ::close(descriptor);
  return success();
}

Result<FileLock> FileLock::take(std::filesystem::path file) {
  file += ".lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return unwritable();
  FileLock lock{descriptor};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::misconfigured, "store.file.busy", "another edge is using it"};
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace sallyport::store
