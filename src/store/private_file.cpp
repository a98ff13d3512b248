// SPDX-License-Identifier: Apache-2.0
#include "store/private_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <system_error>

namespace sallyport::store {
namespace {

Error unwritable() {
  return Error{ErrorKind::misconfigured, "store.file.unwritable", std::generic_category().message(errno)};
}

}  // namespace

Status createPrivately(const std::filesystem::path& file) {
  const Fd descriptor{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600)};
  return descriptor ? success() : unwritable();
}

Result<FileLock> FileLock::take(std::filesystem::path file) {
  file += ".lock";
  FileLock lock{Fd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)}};
  if (!lock.descriptor_) return unwritable();
  if (::flock(lock.descriptor_.raw(), LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::misconfigured, "store.file.busy", "another edge is using it"};
  }
  return lock;
}

}  // namespace sallyport::store
